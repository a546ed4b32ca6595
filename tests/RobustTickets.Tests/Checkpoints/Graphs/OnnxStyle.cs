namespace RobustTickets.Tests.Checkpoints.Graphs;

/// <summary>What exporters do differently.</summary>
[Flags]
public enum OnnxStyle
{
    /// <summary>
    /// As PyTorch 1.10 writes it: anonymous matrices [in, out], everything in parts.
    /// </summary>
    Plain = 0,

    /// <summary>LayerNormalization as one operator.</summary>
    NormOperator = 1,

    /// <summary>Gelu as one operator.</summary>
    GeluOperator = 2,

    /// <summary>Matrices [out, in], transposed by a node.</summary>
    TransposeNodes = 4,

    /// <summary>Dense layers as Gemm with transB over flattened states.</summary>
    Gemm = 8,

    /// <summary>Numbers in typed fields instead of raw bytes.</summary>
    Typed = 16,

    /// <summary>Weights of 16 bits.</summary>
    Half = 32,

    /// <summary>Weights from Constant nodes instead of initializers.</summary>
    ConstantNodes = 64,

    /// <summary>Heads as [.., -1, d].</summary>
    HeadSize = 128,

    /// <summary>Queries and keys each times the root of the scale, which is computed.</summary>
    ScaledParts = 256,

    /// <summary>A mask by Where instead of a sum.</summary>
    WhereMask = 512,

    /// <summary>Queries, keys and values as one product that is split.</summary>
    OneProduct = 1024,

    /// <summary>The operators of ONNX Runtime's optimiser.</summary>
    Fused = 2048,

    /// <summary>No input of token types.</summary>
    NoSegments = 4096,

    /// <summary>Pow by Mul, Div by Reciprocal, operands in the other order.</summary>
    OtherOrder = 8192,

    /// <summary>Weights in a file beside the graph.</summary>
    External = 16384,
}

/// <summary>What the graph ends in.</summary>
public enum OnnxEnd
{
    Hidden,
    Pooler,
    Classifier,
    Softmax,
    MaskedLM,
    Tagger,
    Sigmoid,
    MeanPooled,
}
