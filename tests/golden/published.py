"""Compares models/zoo/published.txt with what Keras and torchvision state in their sources.

    pip download --no-deps --no-binary :none: keras==3.15.1 torchvision==0.29.2     # or have them installed
    python published.py [FOLDER…]          # folders with both packages' sources; else the installed ones

Prints what differs and ends with 1 where anything does. Nothing of the packages is imported, no weights are fetched.
"""
import importlib.util
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).parent
TABLE = HERE.parent.parent / "models" / "zoo" / "published.txt"


def folder_of(package):
    for folder in map(pathlib.Path, sys.argv[1:]):
        if (folder / package).is_dir():
            return folder / package
    spec = importlib.util.find_spec(package)
    return pathlib.Path(spec.origin).parent if spec else None


def sources(package, below):
    folder = folder_of(package)
    return {} if folder is None else {path.name: path.read_text() for path in sorted((folder / below).glob("*.py"))}


def main():
    keras = sources("keras", "src/applications")
    torch = sources("torchvision", "models")
    wrong = []
    seen = {"keras": 0, "torchvision": 0}
    for line in TABLE.read_text().splitlines():
        if line.startswith("//") or not line.strip():
            continue
        model, part, url, digest = line.split()
        name = url.rsplit("/", 1)[1]
        if url.startswith("https://download.pytorch.org/"):
            if not torch:
                continue
            seen["torchvision"] += 1
            if not any(f'"{url}"' in text for text in torch.values()):
                wrong.append(f"{model} {part}: torchvision does not name {url}")
            if digest != "sha256:" + re.search(r"-([0-9a-f]{8})\.pth$", name).group(1):
                wrong.append(f"{model} {part}: {digest} is not what {name} says")
            continue
        if not keras:
            continue
        seen["keras"] += 1
        base = url.rsplit("/", 1)[0] + "/"
        # addresses are put together of pieces: the file that has the address of the folder also states the digest
        pieces = lambda text: "".join(re.findall(r'"([^"]*)"', text))
        owners = [text for text in keras.values() if base in pieces(text)]
        if not owners:
            wrong.append(f"{model} {part}: Keras does not name {base}")
        elif digest == "none":
            if any("file_hash" in text for text in owners):
                wrong.append(f"{model} {part}: Keras states a digest by now")
        elif not any(digest.removeprefix("md5:") in text for text in owners):
            wrong.append(f"{model} {part}: Keras does not state {digest}")
    for line in wrong:
        print(line)
    print(", ".join(f"{count} of {package}" for package, count in seen.items()), "compared")
    if not all(seen.values()):
        print("one of the packages was not found")
    return 1 if wrong or not any(seen.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
