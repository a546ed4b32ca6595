// AdamW over a parameter store: global gradient norm, clipping, then one fused pass per tensor
// (Kernels/AdamWKernel). Gradients given by rows (embeddings) are used by rows. AdamWReference
// below is the plain statement the tests compare with. On a device other than the CPU, libtorch's
// operators do the same over all tensors at once (OperatorAdamW).
using RobustTickets.Torch.Kernels;
using RobustTickets.Torch.nn;

namespace RobustTickets.Torch.optim;

/// <summary>Constants of an AdamW optimiser.</summary>
/// <param name="Torch">torch's flavour instead of Hugging Face's (spec 2.1).</param>
/// <param name="WeightDecay">Decay of the decayed group.</param>
/// <param name="Beta1">Decay of the first moment.</param>
/// <param name="Beta2">Decay of the second moment.</param>
/// <param name="Epsilon">Guard of the root.</param>
/// <param name="BiasCorrection">Whether moments are bias-corrected.</param>
public sealed record AdamWOptions(
    bool Torch = false,
    double WeightDecay = 0,
    double Beta1 = 0.9,
    double Beta2 = 0.999,
    double Epsilon = 1e-8,
    bool BiasCorrection = true
);

/// <summary>What clipping did in one step.</summary>
/// <param name="Norm">Global L2 norm of all gradients before clipping.</param>
/// <param name="Factor">Factor applied to every gradient.</param>
public readonly record struct GradientNorm(double Norm, float Factor);

/// <summary>AdamW. Its state (moments, step count) is fp32 and lives here alone.</summary>
public sealed unsafe class AdamW : IDisposable
{
    private readonly ParameterStore _store;
    private readonly AdamWOptions _options;
    private readonly Func<string, bool> _decays;
    private readonly Func<string, bool> _clips;
    private readonly List<Slot> _slots = [];
    private readonly bool _operators;

    /// <summary>An optimiser of the named parameters; moments start at zero.</summary>
    /// <param name="store">Owner of the parameters.</param>
    /// <param name="names">Parameters to train, in a fixed order.</param>
    /// <param name="options">Constants.</param>
    /// <param name="decays">Which parameters belong to the decayed group.</param>
    /// <param name="clips">Which parameters the limit on gradients counts and scales; null =
    /// all.</param>
    /// <param name="operators">libtorch's operators in place of the fused kernel, as on a device
    /// other than the CPU.</param>
    public AdamW(
        ParameterStore store,
        IEnumerable<string> names,
        AdamWOptions options,
        Func<string, bool> decays,
        Func<string, bool>? clips = null,
        bool operators = false
    )
    {
        _operators = operators || !store.Device.IsHost;
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
    /// Hugging Face's rule: everything decays but biases and LayerNorm weights (spec 2.2).
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
        foreach (var slot in _slots)
            slot.Touched = null;
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
        using var clock = KernelClock.In(KernelPart.Optimizer);
        using var scope = torch.scope();
        var gradients = Clipped.Select(slot => slot.Name).Concat(also ?? []).Select(Gradient).OfType<Tensor>();
        var norm = Math.Sqrt(
            _operators
                ? OperatorAdamW.SumOfSquares([.. gradients])
                : AdamWKernel.SumOfSquares([.. gradients.Select(g => (g.data_ptr, g.numel, _store.Squares.Known(g)))])
        );
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
            if (gradient is null)
                continue;
            if (_operators)
                gradient.clamp_(-limit, limit);
            else
            {
                AdamWKernel.ClampValues(Pointer(gradient), gradient.numel, (float)limit);
                _store.Squares.Forget(gradient.data_ptr);
            }
        }
    }

    /// <summary>
    /// One update at a learning rate; every gradient that is clipped is multiplied by
    /// <paramref name="gradientFactor"/> first. Parameters without gradient are left alone.
    /// </summary>
    public void Step(double learningRate, float gradientFactor)
    {
        using var clock = KernelClock.In(KernelPart.Optimizer);
        Updates++;
        if (_operators)
        {
            StepByOperators(learningRate, gradientFactor);
            return;
        }
        var updates = new AdamWUpdates();
        foreach (var slot in _slots)
        {
            var step = StepOf(slot, learningRate, gradientFactor);
            var parameter = _store[slot.Name];
            using var gradient = Gradient(slot.Name); // the leaf keeps what it points to
            if (gradient is null)
                continue;
            if (_store.RowGradientOf(slot.Name) is { } rows)
                AddRows(updates, slot, parameter, rows, gradient, step);
            else
                updates.Add(
                    Pointer(parameter),
                    Pointer(gradient),
                    Pointer(slot.First),
                    Pointer(slot.Second),
                    parameter.numel,
                    step
                );
        }
        updates.Run();
        foreach (var slot in _slots)
        {
            if (_store.RowGradientOf(slot.Name) is not { } rows || slot.RowOf is not { } rowOf)
                continue;
            foreach (var row in rows.Rows)
                rowOf[row] = -1;
        }
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
            _clips(slot.Name) ? gradientFactor : 1f,
            _options.BiasCorrection
        );

    private void StepByOperators(double learningRate, float gradientFactor)
    {
        using var scope = torch.scope();
        using var quiet = torch.no_grad();
        var updates = _slots
            .Select(slot => (Slot: slot, Gradient: Gradient(slot.Name)))
            .Where(u => u.Gradient is { numel: > 0 })
            .ToArray();
        if (updates.FirstOrDefault(u => _store.RowGradientOf(u.Slot.Name) is not null) is { Slot: { } byRows })
        {
            throw new InvalidOperationException(
                $"the gradient of '{byRows.Name}' is given by rows; operators update whole tensors"
            );
        }
        // A handful of groups: decayed or not, clipped or not.
        foreach (var group in updates.GroupBy(u => StepOf(u.Slot, learningRate, gradientFactor)))
        {
            OperatorAdamW.Update(
                [.. group.Select(u => new AdamWTensors(_store[u.Slot.Name], u.Gradient!, u.Slot.First, u.Slot.Second))],
                group.Key,
                _store.Device
            );
        }
    }

    private IEnumerable<Slot> Clipped => _slots.Where(slot => _clips(slot.Name));

    private static void AddRows(
        AdamWUpdates updates,
        Slot slot,
        Tensor parameter,
        RowGradient rows,
        Tensor gradient,
        in AdamWStep step
    )
    {
        int count = (int)parameter.shape[0],
            columns = (int)parameter.shape[1];
        slot.Touched ??= FindTouched(slot, count, columns);
        slot.RowOf ??= Enumerable.Repeat(-1, count).ToArray();
        for (var i = 0; i < rows.Rows.Length; i++)
        {
            slot.RowOf[rows.Rows[i]] = i;
            slot.Touched[rows.Rows[i]] = true;
        }
        updates.AddRows(
            Pointer(parameter),
            Pointer(gradient),
            Pointer(slot.First),
            Pointer(slot.Second),
            count,
            columns,
            slot.RowOf,
            slot.Touched,
            step
        );
    }

    /// <summary>
    /// A row has moved iff a moment of it is not zero; so the marks need not be saved.
    /// </summary>
    private static bool[] FindTouched(Slot slot, int rows, int columns)
    {
        var touched = new bool[rows];
        float* first = Pointer(slot.First),
            second = Pointer(slot.Second);
        for (long i = 0, end = (long)rows * columns; i < end; i++)
        {
            if (first[i] != 0f || second[i] != 0f)
                touched[i / columns] = true;
        }
        return touched;
    }

    private Tensor? Gradient(string name) =>
        _store.RowGradientOf(name) is { } rows ? rows.Values.grad : _store[name].grad;

    private static float* Pointer(Tensor tensor) => (float*)tensor.data_ptr;

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

    private sealed class Slot(string name, Tensor first, Tensor second)
    {
        internal string Name { get; } = name;
        internal Tensor First { get; } = first;
        internal Tensor Second { get; } = second;
        internal bool[]? Touched { get; set; }
        internal int[]? RowOf { get; set; }
    }
}

/// <summary>
/// The plain statement of AdamW in double precision, one element at a time; the oracle of the fused
/// kernel.
/// </summary>
public static class AdamWReference
{
    /// <summary>
    /// One update of one element; returns the new (parameter, first moment, second moment).
    /// </summary>
    public static (double Parameter, double First, double Second) Update(
        double parameter,
        double gradient,
        double first,
        double second,
        in AdamWStep step
    )
    {
        var g = gradient * step.GradientScale;
        if (step.Torch)
            parameter *= 1 - (step.LearningRate * step.WeightDecay);
        first = (step.Beta1 * first) + ((1 - step.Beta1) * g);
        second = (step.Beta2 * second) + ((1 - step.Beta2) * g * g);
        var c1 = step.BiasCorrection ? 1 - Math.Pow(step.Beta1, step.Step) : 1;
        var c2 = step.BiasCorrection ? 1 - Math.Pow(step.Beta2, step.Step) : 1;
        if (step.Torch)
        {
            parameter -= step.LearningRate / c1 * first / ((Math.Sqrt(second) / Math.Sqrt(c2)) + step.Epsilon);
        }
        else
        {
            parameter -= step.LearningRate * Math.Sqrt(c2) / c1 * first / (Math.Sqrt(second) + step.Epsilon);
            parameter -= step.LearningRate * step.WeightDecay * parameter;
        }
        return (parameter, first, second);
    }
}
