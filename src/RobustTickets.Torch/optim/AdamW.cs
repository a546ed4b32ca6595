// AdamW over a parameter store: global gradient norm, clipping, update. A backend does the
// arithmetic: libtorch's operators (OperatorAdamW), or fused kernels given by the caller.
using RobustTickets.Torch.nn;

namespace RobustTickets.Torch.optim;

/// <summary>Options of an AdamW optimiser.</summary>
/// <param name="Torch">torch's flavour instead of Hugging Face's.</param>
/// <param name="WeightDecay">Weight decay of the decayed group.</param>
/// <param name="Beta1">Decay of the first moment.</param>
/// <param name="Beta2">Decay of the second moment.</param>
/// <param name="Epsilon">Epsilon of the denominator.</param>
internal sealed record AdamWOptions(
    bool Torch = false,
    double WeightDecay = 0,
    double Beta1 = AdamWOptions.DefaultBeta1,
    double Beta2 = AdamWOptions.DefaultBeta2,
    double Epsilon = AdamWOptions.DefaultEpsilon
)
{
    /// <summary>Decay of the first moment, as in torch and Hugging Face.</summary>
    public const double DefaultBeta1 = 0.9;

    /// <summary>Decay of the second moment, as in torch and Hugging Face.</summary>
    public const double DefaultBeta2 = 0.999;

    /// <summary>Epsilon of the denominator, as in torch.</summary>
    public const double DefaultEpsilon = 1e-8;
}

/// <summary>Result of clipping in one step.</summary>
/// <param name="Norm">Global L2 norm of all gradients before clipping.</param>
/// <param name="Factor">Factor applied to every gradient.</param>
internal readonly record struct GradientNorm(double Norm, float Factor);

/// <summary>AdamW. Its state (moments, step count) is fp32 and stored only here.</summary>
internal sealed class AdamW : IDisposable
{
    private readonly ParameterStore _store;
    private readonly AdamWOptions _options;
    private readonly Func<string, bool> _decays;
    private readonly Func<string, bool> _clips;
    private readonly List<Slot> _slots = [];
    private readonly IAdamWBackend _backend;

    /// <summary>Creates an optimiser of the named parameters; moments start at zero.</summary>
    /// <param name="store">Owner of the parameters.</param>
    /// <param name="names">Parameters to train, in a fixed order.</param>
    /// <param name="options">Options.</param>
    /// <param name="decays">Selects the decayed parameters.</param>
    /// <param name="clips">Selects the parameters that are included in the norm and clipped; null =
    /// all.</param>
    /// <param name="backend">The arithmetic; null = libtorch's operators. Not shared between
    /// optimisers.</param>
    public AdamW(
        ParameterStore store,
        IEnumerable<string> names,
        AdamWOptions options,
        Func<string, bool> decays,
        Func<string, bool>? clips = null,
        IAdamWBackend? backend = null
    )
    {
        _backend = backend ?? new OperatorAdamW();
        _clips = clips ?? (_ => true);
        _store = store;
        _options = options;
        _decays = decays;
        foreach (var name in names)
        {
            var shape = store[name].shape;
            _slots.Add(
                new Slot(
                    name,
                    torch.zeros(shape, DType.Float32, store.Device).keep(),
                    torch.zeros(shape, DType.Float32, store.Device).keep()
                )
            );
        }
    }

    /// <summary>Number of updates so far.</summary>
    public long Updates { get; private set; }

    /// <summary>Names of the trained parameters in order.</summary>
    public IEnumerable<string> Names => _slots.Select(s => s.Name);

    /// <summary>
    /// Hugging Face's rule: everything decays except biases and LayerNorm weights.
    /// </summary>
    public static bool DecaysByName(string name) =>
        !name.Contains("bias", StringComparison.Ordinal)
        && !name.Contains("LayerNorm.weight", StringComparison.Ordinal);

    /// <summary>First and second moment of a parameter, for checkpoints.</summary>
    public (Tensor First, Tensor Second) Moments(string name)
    {
        var slot =
            _slots.Find(s => s.Name == name)
            ?? throw new KeyNotFoundException($"the optimiser does not train '{name}'");
        return (slot.First, slot.Second);
    }

    /// <summary>
    /// Restores the state after moments were copied in: update count, and which embedding rows were
    /// ever updated.
    /// </summary>
    public void Restore(long updates)
    {
        Updates = updates;
        _backend.MomentsChanged();
    }

    /// <summary>
    /// Global L2 norm of all clipped gradients, and the factor that scales it to at most
    /// <paramref name="limit"/> (torch's clip_grad_norm_; 0 = no limit).
    /// </summary>
    /// <param name="limit">The limit.</param>
    /// <param name="also">Parameters not trained here whose gradients are included, or
    /// null.</param>
    public GradientNorm MeasureNorm(double limit, IEnumerable<string>? also = null)
    {
        using var scope = torch.scope();
        var gradients = Clipped.Select(slot => slot.Name).Concat(also ?? []).Select(Gradient).OfType<Tensor>();
        var norm = Math.Sqrt(_backend.SumOfSquares([.. gradients]));
        var factor = limit > 0 ? Math.Min(1.0, limit / (norm + 1e-6)) : 1.0;
        return new GradientNorm(norm, (float)factor);
    }

    /// <summary>
    /// Clamps every element of the clipped gradients to [-limit, limit] in place.
    /// </summary>
    public void ClampGradients(double limit)
    {
        foreach (var slot in Clipped)
        {
            using var gradient = Gradient(slot.Name);
            if (gradient is not null)
                _backend.Clamp(gradient, limit);
        }
    }

    /// <summary>
    /// Runs one update at a learning rate; clipped gradients are multiplied by
    /// <paramref name="gradientFactor"/> first. Parameters without a gradient are unchanged.
    /// </summary>
    public void Step(double learningRate, float gradientFactor)
    {
        Updates++;
        using var scope = torch.scope();
        _backend.Update([
            .. _slots
                .Select(slot => (Slot: slot, Gradient: Gradient(slot.Name)))
                .Where(u => u.Gradient is not null)
                .Select(u => new AdamWUpdate(
                    u.Slot.Name,
                    _store[u.Slot.Name],
                    u.Gradient!,
                    _store.RowGradientOf(u.Slot.Name),
                    u.Slot.First,
                    u.Slot.Second,
                    StepOf(u.Slot, learningRate, gradientFactor)
                )),
        ]);
    }

    private AdamWStep StepOf(Slot slot, double learningRate, float gradientFactor) =>
        new(
            _options.Torch,
            learningRate,
            _decays(slot.Name) ? _options.WeightDecay : 0.0,
            _options.Beta1,
            _options.Beta2,
            _options.Epsilon,
            Updates,
            _clips(slot.Name) ? gradientFactor : 1f
        );

    private IEnumerable<Slot> Clipped => _slots.Where(slot => _clips(slot.Name));

    private Tensor? Gradient(string name) =>
        _store.RowGradientOf(name) is { } rows ? rows.Values.grad : _store[name].grad;

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var slot in _slots)
        {
            slot.First.Dispose();
            slot.Second.Dispose();
        }
        _slots.Clear();
    }

    private sealed record Slot(string Name, Tensor First, Tensor Second);
}
