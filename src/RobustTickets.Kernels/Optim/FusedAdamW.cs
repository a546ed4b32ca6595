// AdamW in one pass over each parameter on the CPU (AdamWKernel); embeddings with row-sparse
// gradients are updated by rows. Reference: AdamWReference.

using RobustTickets.Torch;
using RobustTickets.Torch.nn;
using RobustTickets.Torch.optim;

namespace RobustTickets.Kernels.Optim;

/// <summary>Fused AdamW over host memory.</summary>
internal sealed unsafe class FusedAdamW : IAdamWBackend
{
    private readonly ParameterStore _store;
    private readonly Dictionary<string, RowState> _rows = [];

    private FusedAdamW(ParameterStore store) => _store = store;

    /// <summary>
    /// The fused backend for the parameters of a store, or null (operators) if they are not in host
    /// memory.
    /// </summary>
    public static FusedAdamW? For(ParameterStore store) => store.Device.IsHost ? new FusedAdamW(store) : null;

    /// <inheritdoc/>
    public double SumOfSquares(IReadOnlyList<Tensor> gradients)
    {
        using var clock = KernelClock.In(KernelPart.Optimizer);
        return AdamWKernel.SumOfSquares([
            .. gradients.Select(g => (g.data_ptr, g.numel, _store.GradientNorms?.Known(g) ?? default)),
        ]);
    }

    /// <inheritdoc/>
    public void Clamp(Tensor gradient, double limit)
    {
        AdamWKernel.ClampValues(Pointer(gradient), gradient.numel, (float)limit);
        _store.GradientNorms?.Forget(gradient.data_ptr);
    }

    /// <inheritdoc/>
    public void Update(IReadOnlyList<AdamWUpdate> updates)
    {
        using var clock = KernelClock.In(KernelPart.Optimizer);
        var batch = new AdamWUpdates();
        foreach (var update in updates)
        {
            if (update.Rows is { } rows)
                AddRows(batch, update, rows);
            else
                batch.Add(
                    Pointer(update.Parameter),
                    Pointer(update.Gradient),
                    Pointer(update.First),
                    Pointer(update.Second),
                    update.Parameter.numel,
                    update.Step
                );
        }
        batch.Run();
        foreach (var update in updates)
        {
            if (update.Rows is { } rows)
                foreach (var row in rows.Rows)
                    _rows[update.Name].RowOf[row] = -1;
        }
    }

    /// <inheritdoc/>
    public void MomentsChanged() => _rows.Clear();

    private void AddRows(AdamWUpdates batch, AdamWUpdate update, RowGradient rows)
    {
        int count = (int)update.Parameter.size(0),
            columns = (int)update.Parameter.size(1);
        if (!_rows.TryGetValue(update.Name, out var state))
            _rows[update.Name] = state = new RowState(FindTouched(update, count, columns));
        for (var i = 0; i < rows.Rows.Length; i++)
        {
            state.RowOf[rows.Rows[i]] = i;
            state.Touched[rows.Rows[i]] = true;
        }
        batch.AddRows(
            Pointer(update.Parameter),
            Pointer(update.Gradient),
            Pointer(update.First),
            Pointer(update.Second),
            count,
            columns,
            state.RowOf,
            state.Touched,
            update.Step
        );
    }

    /// <summary>
    /// A row was updated iff one of its moments is nonzero, so the marks need not be saved.
    /// </summary>
    private static bool[] FindTouched(AdamWUpdate update, int rows, int columns)
    {
        var touched = new bool[rows];
        float* first = Pointer(update.First),
            second = Pointer(update.Second);
        for (long i = 0, end = (long)rows * columns; i < end; i++)
        {
            if (first[i] != 0f || second[i] != 0f)
                touched[i / columns] = true;
        }
        return touched;
    }

    private static float* Pointer(Tensor tensor) => (float*)tensor.data_ptr;

    /// <summary>Row state of an embedding.</summary>
    /// <param name="touched">Rows that ever had a gradient.</param>
    private sealed class RowState(bool[] touched)
    {
        internal bool[] Touched { get; } = touched;

        /// <summary>Row of the gradient for each row, -1 if it is zero.</summary>
        internal int[] RowOf { get; } = [.. Enumerable.Repeat(-1, touched.Length)];
    }
}
