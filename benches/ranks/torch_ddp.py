"""Training steps of PyTorch's DistributedDataParallel over gloo: `torch_ddp.py MODEL BATCH SECONDS`, BATCH for all processes together.

Each process has its share of the batch in memory: nothing is read, varied or moved while it is measured. Eager, channels last, fused Adam, the
threads that OMP_NUM_THREADS says. Starts as many processes as CNNC_RANKS says itself. Prints pictures a second of all processes, of the median step.
"""
import os
import statistics
import sys
import time

import torch
import torch.distributed as dist
import torch.multiprocessing as mp
import torch.nn as nn


def basic():
    return nn.Sequential(
        nn.Conv2d(3, 32, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(64, 64, 3), nn.ReLU(), nn.Flatten(), nn.Linear(1024, 64), nn.ReLU(), nn.Linear(64, 10))


def advanced():
    def conv(i, o):
        return [nn.Conv2d(i, o, 3), nn.ReLU(), nn.BatchNorm2d(o, eps=1e-3, momentum=0.01)]

    return nn.Sequential(
        *conv(3, 32), nn.Conv2d(32, 32, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Dropout(0.25),
        *conv(32, 64), nn.Conv2d(64, 64, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Dropout(0.25),
        *conv(64, 128), nn.Dropout(0.25), nn.Flatten(), nn.Linear(1152, 512), nn.ReLU(),
        nn.BatchNorm1d(512, eps=1e-3, momentum=0.01), nn.Dropout(0.5), nn.Linear(512, 10))


def resnet18():
    """As torchvision has it, of which nothing else is needed here."""
    class Block(nn.Module):
        def __init__(self, i, o, stride):
            super().__init__()
            self.body = nn.Sequential(
                nn.Conv2d(i, o, 3, stride, 1, bias=False), nn.BatchNorm2d(o), nn.ReLU(),
                nn.Conv2d(o, o, 3, 1, 1, bias=False), nn.BatchNorm2d(o))
            across = stride > 1 or i != o
            self.skip = nn.Sequential(nn.Conv2d(i, o, 1, stride, bias=False), nn.BatchNorm2d(o)) if across else nn.Identity()

        def forward(self, x):
            return torch.relu(self.body(x) + self.skip(x))

    blocks = [Block(64, 64, 1), Block(64, 64, 1)]
    for i, o in [(64, 128), (128, 256), (256, 512)]:
        blocks += [Block(i, o, 2), Block(o, o, 1)]
    return nn.Sequential(
        nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(3, 2, 1), *blocks,
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, 10))


def train(rank, ranks, name, batch, seconds):
    os.environ.setdefault("MASTER_ADDR", "127.0.0.1")
    os.environ.setdefault("MASTER_PORT", "29517")
    dist.init_process_group("gloo", rank=rank, world_size=ranks)
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    torch.manual_seed(rank)
    own = batch // ranks
    model = {"basic": basic, "advanced": advanced, "resnet18": resnet18}[name]().to(memory_format=torch.channels_last)
    model = nn.parallel.DistributedDataParallel(model)
    images = torch.rand(own, 3, 32, 32).to(memory_format=torch.channels_last)
    labels = torch.randint(10, (own,))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)
    loss_of = nn.CrossEntropyLoss()

    def step():
        optimizer.zero_grad(set_to_none=True)
        loss_of(model(images), labels).backward()
        optimizer.step()

    begun = time.perf_counter()
    for _ in range(5):
        step()
    # all processes take the same number of steps
    steps = torch.tensor([max(10, int(seconds / ((time.perf_counter() - begun) / 5)))])
    dist.broadcast(steps, 0)
    times = []
    for _ in range(int(steps)):
        begun = time.perf_counter()
        step()
        times.append(time.perf_counter() - begun)
    if rank == 0:
        print(own * ranks / statistics.median(times), flush=True)
    # none leaves while another one still talks to it: that ends gloo with an abort now and then
    dist.barrier()
    dist.destroy_process_group()


if __name__ == "__main__":
    count = int(os.environ.get("CNNC_RANKS", "2"))
    mp.spawn(train, (count, sys.argv[1], int(sys.argv[2]), float(sys.argv[3])), nprocs=count)
