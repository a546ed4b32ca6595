class Parameter:
    def __init__(self, *shape):
        self.shape = tuple(shape)


class Result:
    def __init__(self, missing, unexpected):
        self.missing_keys, self.unexpected_keys = missing, unexpected


class Module:
    def parameters(self, prefix=""):
        for name, value in vars(self).items():
            if isinstance(value, Parameter):
                yield prefix + name, value
            elif isinstance(value, Module):
                yield from value.parameters(f"{prefix}{name}.")

    def to(self, dtype):
        self.dtype = dtype
        return self

    def eval(self):
        self.training = False
        return self

    def load_state_dict(self, tensors, strict=True):
        own = dict(self.parameters())
        wrong = [n for n in own if n in tensors and own[n].shape != tensors[n].shape]
        if wrong:  # torch raises whatever strict says
            raise RuntimeError(f"size mismatch for {wrong}")
        return Result([n for n in own if n not in tensors], [n for n in tensors if n not in own])


class ModuleList(Module):
    def __init__(self, modules):
        self.modules = list(modules)
        for i, module in enumerate(self.modules):
            setattr(self, str(i), module)

    def __iter__(self):
        return iter(self.modules)


class Linear(Module):
    def __init__(self, inputs, outputs):
        self.weight, self.bias = Parameter(outputs, inputs), Parameter(outputs)


class Embedding(Module):
    def __init__(self, rows, width):
        self.weight = Parameter(rows, width)


class LayerNorm(Module):
    def __init__(self, width):
        self.weight, self.bias = Parameter(width), Parameter(width)
