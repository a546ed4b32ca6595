// AdamW over a parameter store: global gradient norm, clipping, update. The arithmetic is a
// backend's: libtorch's operators (OperatorAdamW), or fused kernels where the caller brings them.
using RobustTickets.Torch.nn;

namespace RobustTickets.Torch.optim;

/// <summary>Constants of an AdamW optimiser.</summary>
/// <param name="Torch">torch's flavour instead of Hugging Face's.</param>
/// <param name="WeightDecay">Decay of the decayed group.</param>
/// <param name="Beta1">Decay of the first moment.</param>
/// <param name="Beta2">Decay of the second moment.</param>
/// <param name="Epsilon">Guard of the root.</param>
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

    /// <summary>Guard of the root, as in torch.</summary>
    public const double DefaultEpsilon = 1e-8;
}

/// <summary>What clipping did in one step.</summary>
/// <param name="Norm">Global L2 norm of all gradients before clipping.</param>
/// <param name="Factor">Factor applied to every gradient.</param>
internal readonly record struct GradientNorm(double Norm, float Factor);

/// <summary>AdamW. Its state (moments, step count) is fp32 and lives here alone.</summary>
internal sealed class AdamW : IDisposable
{
    private readonly ParameterStore _store;
    private readonly AdamWOptions _options;
    private readonly Func<string, bool> _decays;
    private readonly Func<string, bool> _clips;
    private readonly List<Slot> _slots = [];
    private readonly IAdamWBackend _backend;

    /// <summary>An optimiser of the named parameters; moments start at zero.</summary>
    /// <param name="store">Owner of the parameters.</param>
    /// <param name="names">Parameters to train, in a fixed order.</param>
    /// <param name="options">Constants.</param>
    /// <param name="decays">Which parameters belong to the decayed group.</param>
    /// <param name="clips">Which parameters the limit on gradients counts and scales; null =
    /// all.</param>
    /// <param name="backend">Its arithmetic; null = libtorch's operators. Not shared between
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

    /// <summary>Number of updates made.</summary>
    public long Updates { get; private set; }

    /// <summary>Names of the trained parameters in order.</summary>
    public IEnumerable<string> Names => _slots.Select(s => s.Name);

    /// <summary>
    /// Hugging Face's rule: everything decays but biases and LayerNorm weights.
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
    /// Puts the state back after moments were copied in: count of updates, and which embedding rows
    /// have moved.
    /// </summary>
    public void Restore(long updates)
    {
        Updates = updates;
        _backend.MomentsChanged();
    }

    /// <summary>
    /// Global L2 norm of all gradients that are clipped, and the factor that limits it to
    /// <paramref name="limit"/> (torch's clip_grad_norm_; 0 = no limit).
    /// </summary>
    /// <param name="limit">The limit.</param>
    /// <param name="also">Parameters that are not trained here but whose gradients count, or
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
    /// Limits every element of the clipped gradients to [-limit, limit] in place.
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
    /// One update at a learning rate; every gradient that is clipped is multiplied by
    /// <paramref name="gradientFactor"/> first. Parameters without gradient are left alone.
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
