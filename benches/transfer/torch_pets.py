"""As PyTorch's transfer-learning tutorial: a frozen network, a new last layer, DataLoader workers. python torch_pets.py FOLD WEIGHTS"""
import json
import sys

import torch
from efficientnet_lite_pytorch import EfficientNet
from safetensors.torch import load_file
from torch import nn
from torchvision import datasets, transforms

fold, weights = sys.argv[1:]
torch.manual_seed(0)

model = EfficientNet.from_name("efficientnet-lite0")
model.load_state_dict(load_file(weights))
for parameter in model.parameters():
    parameter.requires_grad = False
model._dropout = nn.Dropout(0.2)
model._fc = nn.Linear(1280, 2)

prepare = transforms.Compose([
    transforms.Resize(224), transforms.CenterCrop(224), transforms.ToTensor(),
    transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
])
sets = {part: datasets.ImageFolder(f"{fold}/{part}", prepare) for part in ("train", "test")}
loaders = {
    part: torch.utils.data.DataLoader(sets[part], batch_size=32, shuffle=part == "train", num_workers=2, persistent_workers=True)
    for part in sets
}
loss_of = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model._fc.parameters(), lr=0.001)
for epoch in range(10):
    model.eval()
    model._dropout.train()
    for pictures, labels in loaders["train"]:
        optimizer.zero_grad()
        loss_of(model(pictures), labels).backward()
        optimizer.step()
model.eval()
with torch.no_grad():
    right = sum(int((model(pictures).argmax(1) == labels).sum()) for pictures, labels in loaders["test"])
print(json.dumps([right, len(sets["test"])]))
