"""run.py FOLDER: loads the folder by its own load_compact.py and prints heads and neurons of each layer."""
import sys

sys.path.insert(0, sys.argv[1])
from load_compact import load

model = load(sys.argv[1])
print(model.dtype, model.training)
for part in model.bert.encoder.layer:
    print(getattr(part.attention.self, "num_attention_heads", 0), *part.intermediate.dense.weight.shape)
