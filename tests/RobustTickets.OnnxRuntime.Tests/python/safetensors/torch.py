import json
import math
import pathlib
import struct


class Tensor:
    def __init__(self, entry):
        self.shape, self.dtype = tuple(entry["shape"]), entry["dtype"]

    def numel(self):
        return math.prod(self.shape)


def load_file(path):
    data = pathlib.Path(path).read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    return {name: Tensor(entry) for name, entry in header.items() if name != "__metadata__"}
