// Hard-concrete masks on the six matrices of every layer and on the pooler (RobusT 3.2;
// docs/methods/robust.md, Gates): one score per weight or per group of weights. Every training pass
// samples new gates.
using RobustTickets.Kernels.Masks;
using RobustTickets.Kernels.Randomness;
using RobustTickets.Models;
using RobustTickets.Torch;

namespace RobustTickets.Tickets;

/// <summary>
/// Hard-concrete masks of a classifier. A sample is keyed by its pass and shared by the whole
/// batch; during the search scores are ordinary fp32 parameters of the store.
/// </summary>
internal sealed class HardConcreteMasks : IWeightMasks
{
    private readonly BertForSequenceClassification _model;
    private readonly HardConcreteOptions _options;
    private readonly Func<string, Tensor>? _noise;
    private readonly Dictionary<string, int> _order;

    private HardConcreteMasks(
        BertForSequenceClassification model,
        HardConcreteOptions options,
        Func<string, Tensor>? noise
    )
    {
        (_model, _options, _noise) = (model, options, noise);
        Sites = [.. BertParameters.Maskable(model.Config)];
        _order = Sites.Select((site, index) => (site, index)).ToDictionary(s => s.site, s => s.index);
    }

    /// <summary>Masked layers in the order of the forward pass.</summary>
    public IReadOnlyList<string> Sites { get; }

    /// <summary>Number of scores over all masked layers.</summary>
    public long Count => Sites.Sum(site => Scores(site).numel);

    /// <summary>Adds scores, all with the same deterministic gate, and applies the masks.</summary>
    /// <param name="model">A dense classifier.</param>
    /// <param name="options">Initial gate and grouping.</param>
    /// <param name="noise">Uniform numbers [R, C] of a site for the next sampled pass; null draws
    /// them from the pass's key. Tests pass recorded noise.</param>
    /// <exception cref="ArgumentException">A group size does not divide a matrix.</exception>
    public static HardConcreteMasks Attach(
        BertForSequenceClassification model,
        HardConcreteOptions options,
        Func<string, Tensor>? noise = null
    )
    {
        var masks = new HardConcreteMasks(model, options, noise);
        if (GroupProblem(model.Config, options) is { } problem)
            throw new ArgumentException(problem);
        foreach (var (site, shape) in BertShapes.OfMaskable(model.Config))
        {
            var grid = Grid(shape, options);
            model.Store.Add(
                BertParameters.MaskScores(site),
                torch.full(grid, HardConcrete.ScoreOf(options.InitialGate))
            );
        }
        model.Encoder.Masks = masks;
        return masks;
    }

    /// <summary>
    /// Why group sizes do not fit a network, starting with the field's name; null if they do.
    /// </summary>
    public static string? GroupProblem(BertConfig config, HardConcreteOptions options)
    {
        foreach (var (site, shape) in BertShapes.OfMaskable(config))
        {
            if (options.OutPerMask > 0 && shape[0] % options.OutPerMask != 0)
                return Text("out-per-mask", options.OutPerMask, shape[0], "rows");
            if (options.InPerMask > 0 && shape[1] % options.InPerMask != 0)
                return Text("in-per-mask", options.InPerMask, shape[1], "columns");

            string Text(string field, int each, long size, string what) =>
                $"{field}: {each} does not divide the {size} {what} of {site}; possible: common divisors of all "
                + "matrices, 0 for a whole matrix";
        }
        return null;
    }

    /// <summary>Number of scores of a network whose matrices the group sizes fit.</summary>
    public static long ScoreCount(BertConfig config, HardConcreteOptions options) =>
        BertShapes.OfMaskable(config).Sum(m => Grid(m.Shape, options) is [var rows, var columns] ? rows * columns : 0);

    /// <summary>Removes the masks from the network and frees the scores.</summary>
    public void Detach()
    {
        _model.Encoder.Masks = null;
        foreach (var site in Sites)
            _model.Store.Remove(BertParameters.MaskScores(site));
    }

    /// <summary>Scores of a masked layer [R, C].</summary>
    public Tensor Scores(string site) => _model.Store[BertParameters.MaskScores(site)];

    /// <inheritdoc/>
    public Tensor Effective(string site, Tensor weight, PassOptions pass)
    {
        if (!_order.TryGetValue(site, out var index))
            return weight;
        var scores = Scores(site);
        var key = (pass.GateKey ?? pass.Key).Derive(RandomStreams.Pass.Gates).Derive(index);
        var recorded = pass.Training ? _noise?.Invoke(site) : null;
        if (!_model.Execution.UsesKernels)
        {
            var uniform = pass.Training
                ? recorded?.to(scores.device) ?? Uniform(key, scores.shape, scores.device)
                : null;
            return weight
                * HardConcrete.Spread(
                    HardConcrete.Gates(scores, uniform),
                    weight.size(0),
                    weight.size(1),
                    _options.Layout
                );
        }
        return Fused(weight, scores, pass.Training ? GateNoise.Keyed(key, recorded) : GateNoise.Evaluation);
    }

    /// <summary>The penalty R, recorded by autograd.</summary>
    public Tensor Penalty()
    {
        var parts = Sites.Select(site => HardConcrete.OpenProbability(Scores(site)).sum() * Share(site)).ToArray();
        return torch.stack(parts).sum();
    }

    /// <summary>R as a number, in double precision.</summary>
    public double PenaltyValue() =>
        _model.Execution.ByOperators
            ? PenaltyByOperators()
            : Sites.Sum(site => HardConcreteKernel.OpenProbability(Scores(site)) * Share(site));

    /// <summary>
    /// Replaces every score's gradient g by clip * g + lambda * dR/da: the penalty is added after
    /// clipping and is not clipped.
    /// </summary>
    public void AddPenaltyGradient(double lambda, float clip)
    {
        foreach (var site in Sites)
        {
            var scores = Scores(site);
            if (_model.Execution.ByOperators)
            {
                AddByOperators(scores, clip, lambda * Share(site));
                continue;
            }
            if (scores.grad is { } gradient)
            {
                using (gradient)
                    HardConcreteKernel.AddPenaltyGradient(scores, gradient, clip, lambda * Share(site));
                continue;
            }
            var alone = torch.zeros(scores.shape);
            HardConcreteKernel.AddPenaltyGradient(scores, alone, 1f, lambda * Share(site));
            scores.grad = alone;
        }
    }

    /// <summary>Deterministic gates expanded to a layer's matrix [O, I].</summary>
    public Tensor Gates(string site)
    {
        using var quiet = torch.no_grad();
        using var scope = torch.scope();
        var weight = _model.Store[BertParameters.Weight(site)];
        return scope.Keep(
            HardConcrete.Spread(HardConcrete.Gates(Scores(site), null), weight.size(0), weight.size(1), _options.Layout)
        );
    }

    /// <summary>Current statistics of the masks.</summary>
    public GateStatistics Statistics() =>
        GateStatistics.Of(Sites.Select(site => Scores(site).host<float>().ToArray()), PenaltyValue());

    /// <summary>Weight of one gate's open probability in R.</summary>
    private double Share(string site) =>
        _options.Average == PenaltyAverage.PerMatrix ? 1.0 / (Sites.Count * (double)Scores(site).numel) : 1.0 / Count;

    private Tensor Fused(Tensor weight, Tensor scores, GateNoise noise)
    {
        Tensor masked;
        using (torch.no_grad())
        {
            masked = torch.empty(weight.shape);
            HardConcreteKernel.Forward(weight, scores, noise, _options.Layout, masked);
        }
        if (!torch.is_grad_enabled() || (!weight.requires_grad && !scores.requires_grad))
            return masked;
        var (forWeight, forScores, layout) = (weight.requires_grad, scores.requires_grad, _options.Layout);
        var saved = new SavedTensors(weight, scores, noise.Recorded);
        return Autograd.Custom(
            [scores, weight],
            masked,
            given =>
            {
                if (given is null)
                    return [null, null];
                using var gradient = given.contiguous();
                var scoreGradient = forScores ? torch.empty(saved[1].shape) : null;
                var weightGradient = forWeight ? torch.empty(saved[0].shape) : null;
                HardConcreteKernel.Backward(
                    gradient,
                    saved[0],
                    saved[1],
                    noise with
                    {
                        Recorded = saved.Optional(2),
                    },
                    layout,
                    scoreGradient,
                    weightGradient
                );
                return [scoreGradient, weightGradient];
            },
            saved,
            "hard-concrete mask"
        );
    }

    private double PenaltyByOperators()
    {
        using var scope = torch.scope();
        using var quiet = torch.no_grad();
        return torch
            .stack([
                .. Sites.Select(site =>
                    HardConcrete.OpenProbability(Scores(site).to(DType.Float64)).sum() * Share(site)
                ),
            ])
            .sum()
            .item<double>();
    }

    /// <summary>
    /// Replaces g by clip g + weight p (1 - p), where p is the probability that a gate is open.
    /// </summary>
    private static void AddByOperators(Tensor scores, float clip, double weight)
    {
        using var scope = torch.scope();
        using var quiet = torch.no_grad();
        var open = HardConcrete.OpenProbability(scores);
        var slope = open * (1.0 - open) * weight;
        scores.grad = scores.grad is { } gradient ? gradient.mul_(clip).add_(slope) : slope;
    }

    private static Tensor Uniform(RandomKey key, long[] shape, Device device)
    {
        var signed = KeyedTensors.UniformSigned(
            [.. Enumerable.Range(0, (int)shape[0]).Select(row => key.Derive((long)row))],
            shape[1],
            device
        );
        return (signed + 1.0) * 0.5; // exact: the 24 bits of the keyed number fit
    }

    private static long[] Grid(long[] shape, HardConcreteOptions options) =>
        [Groups(shape[0], options.OutPerMask), Groups(shape[1], options.InPerMask)];

    private static long Groups(long size, int each) => each == 0 ? 1 : size / each;
}
