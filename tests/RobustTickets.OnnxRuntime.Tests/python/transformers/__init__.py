"""The modules of transformers' BertForSequenceClassification by name and shape."""
from torch import nn


class BertConfig:
    @classmethod
    def from_dict(cls, values):
        config = cls()
        vars(config).update(values)
        assert config.model_type == "bert" and not config.pruned_heads
        return config


class Part(nn.Module):
    def __init__(this, /, **modules):  # a part may be called self
        vars(this).update(modules)


def layer(c):
    h = c.hidden_size
    own = Part(query=nn.Linear(h, h), key=nn.Linear(h, h), value=nn.Linear(h, h))
    own.num_attention_heads, own.all_head_size = c.num_attention_heads, h
    return Part(
        attention=Part(**{"self": own}, output=Part(dense=nn.Linear(h, h), LayerNorm=nn.LayerNorm(h))),
        intermediate=Part(dense=nn.Linear(h, c.intermediate_size)),
        output=Part(dense=nn.Linear(c.intermediate_size, h), LayerNorm=nn.LayerNorm(h)),
    )


class BertForSequenceClassification(nn.Module):
    def __init__(self, c):
        h = c.hidden_size
        embeddings = Part(
            word_embeddings=nn.Embedding(c.vocab_size, h),
            position_embeddings=nn.Embedding(c.max_position_embeddings, h),
            token_type_embeddings=nn.Embedding(c.type_vocab_size, h),
            LayerNorm=nn.LayerNorm(h),
        )
        embeddings.position_ids = nn.Parameter(1, c.max_position_embeddings)
        layers = nn.ModuleList(layer(c) for _ in range(c.num_hidden_layers))
        self.bert = Part(embeddings=embeddings, encoder=Part(layer=layers), pooler=Part(dense=nn.Linear(h, h)))
        self.classifier = nn.Linear(h, len(getattr(c, "id2label", {0: "", 1: ""})))
        self.config = c
