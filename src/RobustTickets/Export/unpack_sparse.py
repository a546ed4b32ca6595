"""Writes model.safetensors from model.sparse.safetensors: matrices stored by bitmask become whole again.

    python3 unpack_sparse.py [FOLDER]    # the folder of this script, without one; needs no package
"""
import json
import pathlib
import struct
import sys

SIZES = {"F64": 8, "I64": 8, "F32": 4, "I32": 4, "F16": 2, "BF16": 2, "I16": 2, "I8": 1, "U8": 1, "BOOL": 1}
KINDS = ["F32", "F16", "BF16", "F64", "I64", "I32", "I16", "I8", "U8", "BOOL"]  # their order in a file


def read(path):
    """Name -> (dtype, shape, bytes), and the metadata."""
    data = path.read_bytes()
    end = 8 + struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:end])
    metadata = header.pop("__metadata__", {})
    view = memoryview(data)[end:]
    return {n: (t["dtype"], t["shape"], view[slice(*t["data_offsets"])]) for n, t in header.items()}, metadata


def whole(bits, values, rows, columns, size):
    """The matrix of a bitmask (lowest bit first, rows padded to bytes) and its values, row by row."""
    places = [[b for b in range(8) if byte >> b & 1] for byte in range(256)]
    width, at = (columns + 7) // 8, 0
    matrix = bytearray(rows * columns * size)
    for row in range(rows):
        for i, byte in enumerate(bits[row * width : (row + 1) * width]):
            start = (row * columns + 8 * i) * size
            if byte == 255:
                matrix[start : start + 8 * size] = values[at : at + 8 * size]
                at += 8 * size
                continue
            for place in places[byte]:
                matrix[start + place * size : start + (place + 1) * size] = values[at : at + size]
                at += size
    if at != len(values):
        raise ValueError(f"{len(values) // size} values, and bits for {at // size}")
    return matrix


def unpack(folder):
    folder = pathlib.Path(folder)
    tensors, metadata = read(folder / "model.sparse.safetensors")
    for name in [n[: -len(".bitmask")] for n in tensors if n.endswith(".bitmask")]:
        shape = tensors.pop(name + ".shape")[2]
        bits = tensors.pop(name + ".bitmask")[2]
        dtype, _, values = tensors.pop(name + ".compressed")
        del tensors[name + ".row_offsets"]
        rows, columns = struct.unpack("<2q", shape)
        tensors[name + ".weight"] = (dtype, [rows, columns], whole(bits, values, rows, columns, SIZES[dtype]))
    order = sorted(tensors, key=lambda n: (-SIZES[tensors[n][0]], KINDS.index(tensors[n][0]), n))
    header, at = {"__metadata__": metadata} if metadata else {}, 0
    for name in order:
        dtype, shape, data = tensors[name]
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [at, at + len(data)]}
        at += len(data)
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    with open(folder / "model.safetensors.part", "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for name in order:
            file.write(tensors[name][2])
    (folder / "model.safetensors.part").replace(folder / "model.safetensors")


if __name__ == "__main__":
    unpack(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent)
