namespace RobustTickets.Checkpoints.Graphs;

/// <summary>
/// What an output of a graph computes: hidden states, or a head of BERT over them.
/// </summary>
internal sealed record BertEnd(string Name)
{
    /// <summary>The head; null if <see cref="Reason"/> states why there is none.</summary>
    public BertHead? Head { get; private init; }

    /// <summary>The last layer's states.</summary>
    public Norm? Last { get; private init; }

    public Dense? Pooler { get; private init; }

    public Dense? Classifier { get; private init; }

    public Dense? Decoder { get; private init; }

    public string? Reason { get; private init; }

    public string? Note { get; private init; }

    /// <summary>Classifies an output.</summary>
    public static BertEnd Of(string name, GraphValue value)
    {
        var end = new BertEnd(name);
        switch (value)
        {
            case Unknown u:
                return end with { Reason = $"output '{name}': {u.Place} {u.Reason}" };
            case Norm { Stage: NormStage.Complete } states:
                return end with { Head = BertHead.None, Last = states };
            case First { Input: Norm { Stage: NormStage.Complete } states }:
                return end with { Head = BertHead.None, Last = states };
            case Pointwise p when IsPooled(p, out var pooler, out var states):
                return end with { Head = BertHead.Pooler, Last = states, Pooler = pooler };
            case Dense { Input: Pointwise p } logits when IsPooled(p, out var pooler, out var states):
                return end with { Head = BertHead.Classification, Last = states, Pooler = pooler, Classifier = logits };
            case Probabilities { Logits: var logits } when Of(name, logits) is { Classifier: not null } classifier:
                return classifier with { Note = $"output '{name}' is a softmax; the logits before it are imported" };
            case Dense
            {
                Input: Norm
                {
                    Stage: NormStage.Complete,
                    Input: Pointwise { Input: Dense { Input: Norm { Stage: NormStage.Complete } states } }
                }
            } decoder:
                return end with { Head = BertHead.MaskedLM, Last = states, Decoder = decoder };
            case Pointwise { Input: Dense { Input: Pointwise } } p
                when PointwiseFunctions.NameOf(p.Values) == "sigmoid":
                return end with
                {
                    Reason =
                        $"output '{name}': {p.Place} takes the sigmoid of each class; a single-label "
                        + "classifier has a softmax, or logits",
                };
            case Dense { Input: Norm } d:
                return end with
                {
                    Reason =
                        $"output '{name}': {d.Place} scores every token (token classification or question answering); "
                        + "a classifier reads the pooled first token",
                };
            case Dense { Input: First } d:
                return end with { Reason = $"output '{name}': {d.Place} reads the first token without BERT's pooler" };
            default:
                return end with { Reason = $"output '{name}': {value.Place} produces {Describe.Of(value)}" };
        }
    }

    private static bool IsPooled(Pointwise p, out Dense? pooler, out Norm? states)
    {
        (pooler, states) = (null, null);
        if (
            p.Input is not Dense { Input: First { Input: Norm { Stage: NormStage.Complete } last } } dense
            || dense.Width != last.Width
            || PointwiseFunctions.NameOf(p.Values) != "tanh"
        )
            return false;
        (pooler, states) = (dense, last);
        return true;
    }
}
