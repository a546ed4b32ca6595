// One learnable coefficient per attention head and FFN neuron, initialised to 1 (EarlyRobust 3.2).
// During the search they are ordinary parameters of the store, always fp32: they change by about
// 0.01, too little for bf16 to rank.
using RobustTickets.Models;
using RobustTickets.Torch;

namespace RobustTickets.Tickets;

/// <summary>The slimming coefficients of a classifier.</summary>
internal sealed class SlimmingCoefficients
{
    private readonly BertForSequenceClassification _model;

    private SlimmingCoefficients(BertForSequenceClassification model) => _model = model;

    /// <summary>Adds a coefficient of 1 to every head and neuron of all layers.</summary>
    public static SlimmingCoefficients Attach(BertForSequenceClassification model) =>
        Attach(
            model,
            Enumerable.Repeat(true, model.Config.Layers).ToArray(),
            Enumerable.Repeat(true, model.Config.Layers).ToArray()
        );

    /// <summary>Adds a coefficient of 1 to every head and neuron of the given layers.</summary>
    public static SlimmingCoefficients Attach(
        BertForSequenceClassification model,
        bool[] headLayers,
        bool[] neuronLayers
    )
    {
        var c = model.Config;
        for (var l = 0; l < c.Layers; l++)
        {
            if (headLayers[l])
                model.Store.Add(BertParameters.HeadCoefficients(l), torch.ones([c.HeadsPerLayer[l]]));
            if (neuronLayers[l])
                model.Store.Add(BertParameters.NeuronCoefficients(l), torch.ones([c.NeuronsPerLayer[l]]));
        }
        var slimming = new SlimmingCoefficients(model);
        model.Encoder.Coefficients = new BertCoefficients(
            slimming.Of(BertParameters.HeadCoefficients),
            slimming.Of(BertParameters.NeuronCoefficients)
        );
        return slimming;
    }

    /// <summary>lambda_H * sum|c_H| + lambda_F * sum|c_F| (EarlyRobust eq. 7).</summary>
    public Tensor Penalty(SlimmingOptions options)
    {
        var heads = Total(_model.Encoder.Coefficients!.Heads);
        var neurons = Total(_model.Encoder.Coefficients!.Neurons);
        return (heads * options.HeadPenalty) + (neurons * options.NeuronPenalty);
    }

    /// <summary>The current values of the coefficients.</summary>
    public CoefficientSnapshot Snapshot() =>
        new(Numbers(_model.Encoder.Coefficients!.Heads), Numbers(_model.Encoder.Coefficients!.Neurons));

    /// <summary>Removes the coefficients from the network and frees them.</summary>
    public void Detach()
    {
        _model.Encoder.Coefficients = null;
        foreach (var name in _model.Store.Names.Where(BertParameters.IsCoefficient).ToArray())
            _model.Store.Remove(name);
    }

    /// <summary>
    /// Multiplies the coefficients into the columns that consume them (a head's columns of the
    /// output projection, a neuron's column of the second FFN matrix) and removes them. The network
    /// computes the same function and can be saved as an ordinary checkpoint. No-op without
    /// coefficients.
    /// </summary>
    public static void Fold(BertForSequenceClassification model)
    {
        if (model.Encoder.Coefficients is not { } coefficients)
            return;
        for (var l = 0; l < model.Config.Layers; l++)
        {
            if (coefficients.Heads[l] is { } heads)
                ScaleColumns(model.Store[BertParameters.HeadColumns(l)], heads.host<float>(), model.Config.HeadSize);
            if (coefficients.Neurons[l] is { } neurons)
                ScaleColumns(model.Store[BertParameters.NeuronColumns(l)], neurons.host<float>(), 1);
        }
        new SlimmingCoefficients(model).Detach();

        static void ScaleColumns(Tensor matrix, ReadOnlySpan<float> factors, int width)
        {
            using var values = matrix.edit<float>();
            var columns = factors.Length * width;
            for (var i = 0; i < values.Span.Length; i++)
                values.Span[i] *= factors[i % columns / width];
        }
    }

    private Tensor?[] Of(Func<int, string> name) =>
        Enumerable
            .Range(0, _model.Config.Layers)
            .Select(l => _model.Store.Contains(name(l)) ? _model.Store[name(l)] : null)
            .ToArray();

    private static Tensor Total(IReadOnlyList<Tensor?> coefficients) =>
        torch.cat(coefficients.OfType<Tensor>().ToArray(), 0).abs().sum();

    private static float[][] Numbers(IReadOnlyList<Tensor?> coefficients) =>
        coefficients.Select(c => c?.host<float>().ToArray() ?? []).ToArray();
}
