// Sums a step's gradients over ranks: parameters in flat buckets, head and last layers first, each
// all-reduced as soon as backward has finished its layers. Gloo's ring adds in an order fixed by
// the number of ranks, so runs with the same number have the same bits.
using RobustTickets.Models;
using RobustTickets.Torch;
using RobustTickets.Torch.Distributed;
using RobustTickets.Torch.Native;
using RobustTickets.Torch.nn;

namespace RobustTickets.Training;

/// <summary>Sums gradients over ranks.</summary>
internal sealed class GradientExchange : IDisposable
{
    /// <summary>25 MB, as in torch's DistributedDataParallel.</summary>
    internal const long BucketElements = 25 * 1024 * 1024 / sizeof(float);

    private readonly Ranks _ranks;
    private readonly ParameterStore _store;
    private readonly List<Bucket> _buckets = [];
    private readonly string[] _byRows;
    private readonly List<ITransfer> _transfers = [];
    private int _launched;

    /// <param name="ranks">The ranks.</param>
    /// <param name="store">The parameters; requires_grad must not change any more.</param>
    /// <param name="trained">Names of the trained parameters.</param>
    /// <param name="bucketElements">Maximum elements per bucket, unless a single parameter is
    /// larger.</param>
    public GradientExchange(
        Ranks ranks,
        ParameterStore store,
        IEnumerable<string> trained,
        long bucketElements = BucketElements
    )
    {
        (_ranks, _store) = (ranks, store);
        _byRows = [.. trained.Where(name => !store[name].requires_grad)];
        Bucket? open = null;
        foreach (var name in store.Names.Where(n => store[n].requires_grad).OrderByDescending(Depth))
        {
            var count = store[name].numel;
            if (open is null || open.Count + count > bucketElements)
                _buckets.Add(open = new Bucket());
            open.Add(name, count, Depth(name));
        }
        foreach (var bucket in _buckets)
            bucket.Allocate(store);
    }

    /// <summary>
    /// Bytes this rank contributed to all-reduces so far; a ring sends 2 (R - 1) / R of them.
    /// </summary>
    public long Bytes { get; private set; }

    /// <summary>Number of buckets.</summary>
    internal int Buckets => _buckets.Count;

    /// <summary>Number of buckets sent in this step.</summary>
    internal int Launched => _launched;

    /// <summary>
    /// Called before a step. Gradients that persist across steps must be summed once: only rank 0
    /// keeps them.
    /// </summary>
    public void Begin()
    {
        _launched = 0;
        _transfers.Clear();
        if (!_ranks.IsFirst)
            _store.ClearGradients();
    }

    /// <summary>
    /// Called in the last backward: gradients of this layer and all above are final, so buckets of
    /// only these are sent.
    /// </summary>
    public void LayerDone(int layer)
    {
        while (_launched < _buckets.Count && _buckets[_launched].Depth > layer)
            Launch();
    }

    /// <summary>
    /// Called after the last backward: sends the remaining buckets and gives every parameter the
    /// summed gradient. Tensors it creates live in the scope of the step.
    /// </summary>
    /// <param name="own">This rank's sums of the step.</param>
    /// <returns>The sums over all ranks.</returns>
    public StepSums Finish(StepSums own)
    {
        using var quiet = torch.no_grad();
        var early = _launched;
        while (_launched < _buckets.Count)
            Launch();
        foreach (var bucket in _buckets.Take(early))
            bucket.RequireUnchanged(_store);
        foreach (var name in _byRows)
            SumRows(name);
        var present = _buckets.SelectMany(b => b.Present).ToArray();
        double[] numbers = [.. own.Numbers, _ranks.IsAskedToStop ? 1 : 0, .. present.Select(p => p ? 1.0 : 0.0)];
        _ranks.Sum(numbers);
        Bytes += sizeof(double) * numbers.Length;
        foreach (var transfer in _transfers)
            transfer.Wait();
        var place = StepSums.Count;
        _ranks.Stop = numbers[place++] > 0;
        foreach (var bucket in _buckets)
        foreach (var (name, sum) in bucket.Sums)
            if (numbers[place++] > 0)
                Deliver(name, sum);
        return StepSums.Of(numbers);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var bucket in _buckets)
            bucket.Dispose();
    }

    // 0 for embeddings, then the layers, then the head.
    private static int Depth(string name) =>
        BertParameters.LayerOf(name) is { } layer ? layer + 1
        : BertParameters.IsEmbedding(name) ? 0
        : int.MaxValue;

    private void Launch()
    {
        using var quiet = torch.no_grad();
        var bucket = _buckets[_launched++];
        bucket.Fill(_store);
        Bytes += sizeof(float) * bucket.Count;
        _transfers.Add(_ranks.Collective.StartSum(bucket.Flat));
    }

    private void Deliver(string name, Tensor sum)
    {
        var parameter = _store[name];
        if (parameter.grad is not { } gradient)
        {
            parameter.grad = sum.to(parameter.device).clone();
            return;
        }
        if (gradient.device.IsHost)
            _store.GradientNorms?.Forget(gradient.data_ptr);
        gradient.copy_(sum);
    }

    // Row-sparse gradients contain only this rank's rows: sums over the union of all ranks' rows.
    private void SumRows(string name)
    {
        var (rows, columns) = (_store[name].size(0), _store[name].size(1));
        var own = _store.RowGradientOf(name);
        var marks = torch.zeros([rows]);
        foreach (var row in own?.Rows ?? [])
            marks.span<float>()[(int)row] = 1;
        _ranks.Collective.Sum(marks);
        var seen = marks.span<float>();
        var union = new List<long>();
        var place = new Dictionary<long, int>();
        for (var row = 0; row < seen.Length; row++)
            if (seen[row] > 0)
            {
                place[row] = union.Count;
                union.Add(row);
            }
        var sums = torch.zeros([union.Count, columns]);
        if (own?.Values.grad is { } gradient)
        {
            Span<float> from = gradient.span<float>(),
                to = sums.span<float>();
            for (var i = 0; i < own.Rows.Length; i++)
                from.Slice(i * (int)columns, (int)columns)
                    .CopyTo(to.Slice(place[own.Rows[i]] * (int)columns, (int)columns));
        }
        if (union.Count > 0)
            _ranks.Collective.Sum(sums);
        Bytes += sizeof(float) * (rows + (union.Count * columns));
        var values = torch.empty([union.Count, columns]).requires_grad_();
        values.grad = sums;
        _store.SetRowGradient(name, new RowGradient([.. union], values));
    }

    /// <summary>Gradients that are sent together.</summary>
    private sealed class Bucket : IDisposable
    {
        private readonly List<(string Name, long Count)> _entries = [];
        private readonly List<Tensor> _views = [];
        private readonly List<int> _versions = [];

        /// <summary>Number of elements.</summary>
        public long Count { get; private set; }

        /// <summary>Depth of the parameter whose gradient is finished last.</summary>
        public int Depth { get; private set; } = int.MaxValue;

        /// <summary>The flat buffer.</summary>
        public Tensor Flat { get; private set; } = null!;

        /// <summary>Which gradients existed when it was filled.</summary>
        public List<bool> Present { get; } = [];

        /// <summary>The summed gradients, in the shapes of the parameters.</summary>
        public IEnumerable<(string Name, Tensor Sum)> Sums => _entries.Select((e, i) => (e.Name, _views[i]));

        public void Add(string name, long count, int depth)
        {
            _entries.Add((name, count));
            (Count, Depth) = (Count + count, Math.Min(Depth, depth));
        }

        public void Allocate(ParameterStore store)
        {
            Flat = torch.zeros([Count]).keep();
            var offset = 0L;
            foreach (var (name, count) in _entries)
            {
                _views.Add(Flat.narrow(0, offset, count).view(store[name].sizes).keep());
                offset += count;
            }
        }

        public void Fill(ParameterStore store)
        {
            Present.Clear();
            _versions.Clear();
            for (var i = 0; i < _entries.Count; i++)
            {
                using var gradient = store[_entries[i].Name].grad;
                Present.Add(gradient is not null);
                _versions.Add(gradient is null ? 0 : Shim.rt_version(gradient.Handle));
                if (gradient is null)
                    _views[i].zero_();
                else
                    _views[i].copy_(gradient);
            }
        }

        /// <summary>
        /// Throws if a gradient changed after it was sent: the change would be lost.
        /// </summary>
        public void RequireUnchanged(ParameterStore store)
        {
            for (var i = 0; i < _entries.Count; i++)
            {
                using var gradient = store[_entries[i].Name].grad;
                if (
                    Present[i] != gradient is not null
                    || (gradient is not null && Shim.rt_version(gradient.Handle) != _versions[i])
                )
                    throw new InvalidOperationException(
                        $"the gradient of '{_entries[i].Name}' changed after its layer was reported as done"
                    );
            }
        }

        public void Dispose()
        {
            _views.ForEach(v => v.Dispose());
            Flat?.Dispose();
        }
    }
}
