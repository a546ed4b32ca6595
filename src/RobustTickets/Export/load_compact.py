"""Loads this folder, a BERT ticket in its true shapes, into transformers' BertForSequenceClassification.

    from load_compact import load
    model = load("this/folder")  # needs torch, transformers and safetensors
"""
import json
import pathlib


def units(ranges):
    """Kept units of a layer: "0-3,7" is [0, 1, 2, 3, 7]; the order is that of the stored rows."""
    ends = [part.split("-") for part in ranges.split(",") if part]
    return [unit for end in ends for unit in range(int(end[0]), int(end[-1]) + 1)]


def load(folder):
    from safetensors.torch import load_file
    from torch import nn
    from transformers import BertConfig, BertForSequenceClassification

    class NoHeads(nn.Module):
        def forward(self, hidden, *args, **kwargs):
            return hidden.new_zeros(*hidden.shape[:2], 0), None

    folder = pathlib.Path(folder)
    config = {**json.loads((folder / "config.json").read_text("utf-8")), "model_type": "bert", "pruned_heads": {}}
    ticket = config.pop("ticket", {})
    model = BertForSequenceClassification(BertConfig.from_dict(config))
    hidden, head = config["hidden_size"], config["hidden_size"] // config["num_attention_heads"]
    shapes = zip(ticket.get("layer_head_num", []), ticket.get("layer_inter_size", []))
    for layer, (heads, neurons) in zip(model.bert.encoder.layer, shapes):
        own, size = layer.attention.self, heads * head
        own.num_attention_heads, own.all_head_size = heads, size
        for name in ("query", "key", "value"):
            setattr(own, name, nn.Linear(hidden, size))
        if heads == 0:
            layer.attention.self = NoHeads()
        layer.attention.output.dense = nn.Linear(size, hidden)
        layer.intermediate.dense, layer.output.dense = nn.Linear(hidden, neurons), nn.Linear(neurons, hidden)
    tensors = load_file(folder / "model.safetensors")
    result = model.to(next(iter(tensors.values())).dtype).load_state_dict(tensors, strict=False)
    wrong = [n for n in result.missing_keys if not n.endswith("position_ids")]
    wrong += [n for n in result.unexpected_keys if tensors[n].numel() and not n.startswith("cls.")]
    if wrong:
        raise ValueError(f"{folder}: these tensors do not fit the model: {wrong}")
    return model.eval()
