// From meanings to a model: follows a graph's output back through BERT's layers to the embeddings
// and collects the weights. Each step reports what it expected and what it found.
using System.Globalization;
using RobustTickets.Models;

namespace RobustTickets.Checkpoints.Graphs;

/// <summary>A weight found in the graph: its canonical name, shape and values.</summary>
internal sealed record FoundWeight(string Name, long[] Shape, Func<float[]> Values);

/// <summary>Which head a graph ends in.</summary>
internal enum BertHead
{
    None,
    Pooler,
    Classification,
    MaskedLM,
}

/// <summary>A BERT found in a graph.</summary>
internal sealed class BertGraph
{
    private readonly List<FoundWeight> _weights = [];
    private readonly List<BertLayer> _layers;
    private readonly EmbeddingTables _tables;
    private string? _activation;
    private double? _epsilon;

    private BertGraph(Norm last)
    {
        _layers = [.. BertLayer.All(last, out var embeddings)];
        _tables = EmbeddingTables.Of(embeddings);
        Hidden = last.Width;
        AddEmbeddings(embeddings);
        for (var l = 0; l < _layers.Count; l++)
            AddLayer(l, _layers[l]);
    }

    public long Hidden { get; }

    public int Layers => _layers.Count;

    public long Vocabulary => _tables.Word.Table.Dims[0];

    public long Positions => _tables.Position.Table.Dims[0];

    public long Segments => _tables.Segment.Table.Dims[0];

    /// <summary>Neurons of each layer.</summary>
    public IReadOnlyList<int> Neurons => [.. _layers.Select(l => (int)l.Intermediate.Width)];

    /// <summary>Heads of each layer.</summary>
    public IReadOnlyList<int> Heads => [.. _layers.Select(l => (int)l.Context.Heads)];

    /// <summary>Width of a head, the same in all layers.</summary>
    public long HeadSize => _layers[0].Query.Width / _layers[0].Context.Heads;

    public string Activation => _activation!;

    public double Epsilon => _epsilon!.Value;

    public BertHead Head { get; private set; }

    public long Labels { get; private set; }

    public IReadOnlyList<FoundWeight> Weights => _weights;

    /// <summary>Parts of the graph that were left out, one sentence each.</summary>
    public List<string> Notes { get; } = [];

    /// <summary>Finds the BERT that computes a graph's outputs.</summary>
    /// <exception cref="CheckpointException">There is none; the node and the reason are
    /// named.</exception>
    public static BertGraph Find(OnnxFile file, int? heads)
    {
        var outputs = GraphReader.Outputs(file, heads);
        try
        {
            return Find(outputs);
        }
        catch (CheckpointException e)
        {
            throw new CheckpointException($"{file.Path}: is not a BERT encoder: {e.Message}", e);
        }
    }

    private static BertGraph Find(IReadOnlyList<(string Name, GraphValue Value)> outputs)
    {
        var ends = outputs.Select(o => BertEnd.Of(o.Name, o.Value)).ToArray();
        var best = ends.MaxBy(e => e.Head is null ? -1 : (int)e.Head);
        if (best?.Head is not { } head)
        {
            throw new CheckpointException(
                ends.Length == 0 ? "it has no output" : string.Join("; ", ends.Select(e => e.Reason).Distinct())
            );
        }
        // Of several hidden states (all layers as outputs), the last depends on all others.
        var last = ends.Where(e => e.Head == head)
            .Select(e => e.Last!)
            .Distinct()
            .MaxBy(n => BertLayer.All(n, out _).Count())!;
        var graph = new BertGraph(last) { Head = head };
        foreach (var end in ends)
        {
            if (end.Reason is { } reason)
                graph.Notes.Add($"left out: {reason}");
            else if (head is BertHead.MaskedLM or BertHead.Classification or BertHead.Pooler)
                graph.AddHead(end, head);
        }
        return graph;
    }

    private void AddHead(BertEnd end, BertHead head)
    {
        if (end.Pooler is { } pooler && !_weights.Any(w => w.Name == BertParameters.Weight(BertParameters.Pooler)))
            AddDense(BertParameters.Pooler, pooler);
        if (end.Classifier is { } classifier)
        {
            if (head == BertHead.MaskedLM && classifier.Width == 2)
                AddDense(BertParameters.NextSentence, classifier);
            else if (Labels > 0)
                Notes.Add($"left out: output '{end.Name}' is another classifier");
            else
            {
                Labels = classifier.Width;
                AddDense(BertParameters.Classifier, classifier);
            }
        }
        if (end.Decoder is { } decoder)
            AddDecoder(decoder);
        if (end.Note is { } note)
            Notes.Add(note);
    }

    // The output matrix is the word embedding: the same constant, or another with equal values.
    private void AddDecoder(Dense decoder)
    {
        var words = _tables.Word.Table;
        if (
            decoder.Width != Vocabulary
            || (
                decoder.Weight.Tensor != words.Tensor
                && !decoder.Weight.ToFloats().AsSpan().SequenceEqual(words.Tensor.ToFloats())
            )
        )
        {
            throw new CheckpointException(
                $"{decoder.Place}: the output matrix of the masked language model differs from the word embeddings; "
                    + "only tied weights are supported"
            );
        }
        var transform = (Norm)decoder.Input;
        var activated = (Pointwise)transform.Input;
        RequireActivation(activated);
        AddDense(BertParameters.PredictionDense, (Dense)activated.Input);
        AddNorm(BertParameters.PredictionNorm, transform);
        _weights.Add(new FoundWeight(BertParameters.PredictionBias, [decoder.Width], BiasOf(decoder)));
    }

    private void AddEmbeddings(Norm norm)
    {
        foreach (
            var (name, found) in new[]
            {
                (BertParameters.WordEmbeddings, _tables.Word),
                (BertParameters.PositionEmbeddings, _tables.Position),
                (BertParameters.TypeEmbeddings, _tables.Segment),
            }
        )
            _weights.Add(new FoundWeight(name, found.Table.Dims, found.Table.Tensor.ToFloats));
        AddNorm(BertParameters.EmbeddingNorm, norm);
    }

    private void AddLayer(int number, BertLayer layer)
    {
        var names = BertParameters.Layer(number);
        // Pruned layers have fewer heads of the same size.
        if (layer.Query.Width != layer.Context.Heads * HeadSize || Hidden % HeadSize != 0 || layer.Query.Width > Hidden)
        {
            throw new CheckpointException(
                $"layer {number} has {layer.Context.Heads} heads over a width of {layer.Query.Width}; expected heads "
                    + $"of {HeadSize} in a width of {Hidden}"
            );
        }
        RequireScale(number, layer.Context);
        RequireActivation(layer.Activated);
        AddDense(names.Query, layer.Query);
        AddDense(names.Key, layer.Key);
        AddDense(names.Value, layer.Value);
        AddDense(names.AttentionOutput, layer.AttentionOutput);
        AddNorm(names.AttentionNorm, layer.AttentionNorm);
        AddDense(names.Intermediate, layer.Intermediate);
        AddDense(names.Output, layer.Output);
        AddNorm(names.OutputNorm, layer.OutputNorm);
    }

    // A scale computed from sizes at run time is assumed to be 1/sqrt(d): BERT has no other.
    private void RequireScale(int layer, Context context)
    {
        var expected = 1 / Math.Sqrt(HeadSize);
        if (context.Scale is { } scale && !(Math.Abs((scale / expected) - 1) < 2e-3))
        {
            throw new CheckpointException(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"layer {layer}: scores are multiplied by {scale:0.######}; BERT with {context.Heads} heads "
                        + $"of {HeadSize} multiplies by {expected:0.######}"
                )
            );
        }
    }

    private void RequireActivation(Pointwise activated)
    {
        var name = PointwiseFunctions.NameOf(activated.Values);
        if (name is null or "linear" or "tanh" or "sigmoid")
            throw new CheckpointException($"{activated.Place}: the activation is {name ?? "an unknown function"}");
        if ((_activation ??= name) != name)
            throw new CheckpointException($"{activated.Place}: the activation is {name}, earlier it was {_activation}");
    }

    private void AddDense(string part, Dense dense)
    {
        _weights.Add(
            new FoundWeight(
                BertParameters.Weight(part),
                [dense.Weight.Outputs, dense.Weight.Inputs],
                dense.Weight.ToFloats
            )
        );
        _weights.Add(new FoundWeight(BertParameters.Bias(part), [dense.Width], BiasOf(dense)));
    }

    // A product without an added bias gets a zero bias.
    private static Func<float[]> BiasOf(Dense dense) =>
        dense.Bias is { } bias ? bias.ToFloats : () => new float[dense.Width];

    private void AddNorm(string part, Norm norm)
    {
        if ((_epsilon ??= norm.Epsilon) != norm.Epsilon)
        {
            throw new CheckpointException(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{norm.Place}: adds {norm.Epsilon} to the variance, earlier it was {_epsilon}; all "
                        + $"normalisations must use the same value"
                )
            );
        }
        _weights.Add(new FoundWeight(BertParameters.Weight(part), [norm.Width], norm.Scale!.Tensor.ToFloats));
        _weights.Add(
            new FoundWeight(
                BertParameters.Bias(part),
                [norm.Width],
                norm.Shift is { } shift ? shift.Tensor.ToFloats : () => new float[norm.Width]
            )
        );
    }
}
