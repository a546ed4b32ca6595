// Independent GEMMs behind one barrier: a large result is cut into two halves, and a thread that is
// done takes the next part. The cut depends on the shapes alone, so one thread and two find the
// same bits; more leave each product to the library.
using System.Collections.Concurrent;
using RobustTickets.Torch;
using RobustTickets.Torch.Native;

namespace RobustTickets.Kernels.Dense;

/// <summary>
/// C [M, N] = op(A) [M, K] op(B) [K, N] + Beta C, row-major without padding. With TA, A is stored
/// [K, M]; with TB, B is stored [N, K]. Factors are float32, or bfloat16 where Bf16 says so; C is
/// float32.
/// </summary>
internal readonly unsafe record struct Product(
    bool Bf16,
    bool TA,
    bool TB,
    long M,
    long N,
    long K,
    nint A,
    nint B,
    float Beta,
    nint C
)
{
    /// <summary>All of C.</summary>
    internal Tile Whole => new(0, M, 0, N);

    /// <summary>Makes a part of C.</summary>
    internal void Run(in Tile part)
    {
        var c = (float*)C + (part.Row * N) + part.Column;
        if (K == 0)
        {
            for (var r = 0; r < part.Rows && Beta == 0; r++)
                new Span<float>(c + (r * N), checked((int)part.Columns)).Clear();
            return;
        }
        var size = Bf16 ? sizeof(ushort) : sizeof(float);
        long lda = TA ? M : K,
            ldb = TB ? K : N;
        var a = (byte*)A + (part.Row * (TA ? 1 : lda) * size);
        var b = (byte*)B + (part.Column * (TB ? ldb : 1) * size);
        var (m, n, k, bf16) = (part.Rows, part.Columns, K, Bf16);
        Shim.Check(
            Gemm.rt_gemm(
                Bf16 ? 1 : 0,
                Gemm.PlainBlas ? 1 : 0,
                TA ? 1 : 0,
                TB ? 1 : 0,
                m,
                n,
                k,
                a,
                lda,
                b,
                ldb,
                Beta,
                c,
                N
            ),
            "matrix product",
            () => $"[{m}, {k}] x [{k}, {n}] {(bf16 ? "bfloat16" : "float32")}"
        );
    }
}

/// <summary>Some rows and columns of a result.</summary>
internal readonly record struct Tile(long Row, long Rows, long Column, long Columns);

/// <summary>
/// Work on a part of a result that has just been made. Parts of one result are worked on at the
/// same time.
/// </summary>
internal delegate void TileBody(in Tile part);

/// <summary>Independent products, added one by one and run together.</summary>
internal sealed class GemmGroup
{
    // More threads than these leave each product to the library.
    private const int Threads = 2;

    /// <summary>Multiplications (m n k) below which a product is not cut.</summary>
    private const long WorthCutting = 1 << 24;

    /// <summary>Rows and columns of the library's own tile: parts end between tiles.</summary>
    private const long TileRows = 8,
        TileColumns = 48;

    private readonly List<Entry> _entries = [];
    private readonly List<Action> _independent = [];
    private Func<bool>? _onIdle;

    /// <summary>
    /// Adds a product. <paramref name="after"/> gets each part as soon as it is made; its rows
    /// begin at a multiple of <see cref="ColumnSums.Rows"/>.
    /// </summary>
    internal void Add(in Product product, TileBody? after = null)
    {
        if (product.M > 0 && product.N > 0)
            _entries.Add(new Entry([product], after));
    }

    /// <summary>
    /// Adds a product into the result of the one added last: each part of it is made after that
    /// one's, by the same thread.
    /// </summary>
    internal void Then(in Product product)
    {
        if (product.M > 0 && product.N > 0)
            _entries[^1].Chain.Add(product);
    }

    /// <summary>
    /// Adds small work that depends on none of the products: a thread that is done with them takes
    /// it before the barrier.
    /// </summary>
    internal void AddIndependent(Action work) => _independent.Add(work);

    /// <summary>
    /// What an idle thread does at the barrier, again and again; false where there is nothing to
    /// do.
    /// The last call counts.
    /// </summary>
    internal void OnIdle(Func<bool> some) => _onIdle = some;

    /// <summary>
    /// Runs all; what was added first is begun first, and independent work last.
    /// </summary>
    internal void Run()
    {
        using var clock = KernelClock.In(KernelPart.Gemm);
        var tasks = new List<(Entry Entry, Tile Part)>();
        foreach (var entry in _entries)
        {
            foreach (var product in entry.Chain)
                KernelClock.Count(product.M, product.N, product.K);
            foreach (var part in entry.Cut())
                tasks.Add((entry, part));
        }
        var threads = torch.get_num_threads();
        if (threads > Threads || tasks.Count == 0 || !Gemm.ByOneDnn)
        {
            foreach (var entry in _entries)
                entry.RunWhole();
            TorchParallel.ForEach(_independent.Count, work => _independent[work]());
            return;
        }
        var queue = new WorkQueue(tasks, _independent, _onIdle, threads);
        TorchParallel.ForEach(queue.Tasks, queue.Run);
    }

    /// <summary>
    /// What the threads share out up to the barrier. Halves of products are long; what follows the
    /// last of them is small, so the thread that is done first takes it too.
    /// </summary>
    private sealed class WorkQueue(
        List<(Entry Entry, Tile Part)> tasks,
        List<Action> independent,
        Func<bool>? onIdle,
        int threads
    )
    {
        private readonly ConcurrentQueue<(Entry Entry, Tile Part)> _following = new();
        private int _unmade = tasks.Count;

        /// <summary>
        /// The products, independent work, and for each thread the rest up to the barrier.
        /// </summary>
        internal int Tasks => tasks.Count + independent.Count + threads;

        internal void Run(int task)
        {
            if (task < tasks.Count)
                Make(task);
            else if (task < tasks.Count + independent.Count)
                independent[task - tasks.Count]();
            else
                FinishAll();
        }

        private void FinishAll()
        {
            while (Volatile.Read(ref _unmade) > 0 || !_following.IsEmpty)
            {
                if (_following.TryDequeue(out var work))
                    work.Entry.Finish(work.Part);
                else if (onIdle is null || !onIdle())
                    Thread.SpinWait(1);
            }
        }

        private void Make(int task)
        {
            try
            {
                var (entry, part) = tasks[task];
                entry.Make(part);
                if (task + threads < tasks.Count)
                    entry.Finish(part); // no thread is without a product yet
                else
                    foreach (var block in entry.Following(part))
                        _following.Enqueue((entry, block));
            }
            finally
            {
                Interlocked.Decrement(ref _unmade);
            }
        }
    }

    /// <summary>Products into one result and what follows them.</summary>
    private sealed record Entry(List<Product> Chain, TileBody? After)
    {
        internal void Make(in Tile part)
        {
            foreach (var product in Chain)
                product.Run(part);
        }

        /// <summary>The products as the library divides them, then what follows by rows.</summary>
        internal void RunWhole()
        {
            Make(Chain[0].Whole);
            var blocks = Following(Chain[0].Whole).ToArray();
            TorchParallel.ForEach(blocks.Length, block => Finish(blocks[block]));
        }

        /// <summary>Blocks of rows of a part for what follows; none where nothing does.</summary>
        internal IEnumerable<Tile> Following(Tile part)
        {
            for (var row = part.Row; After is not null && row < part.Row + part.Rows; row += ColumnSums.Rows)
            {
                yield return part with
                {
                    Row = row,
                    Rows = Math.Min(ColumnSums.Rows, part.Row + part.Rows - row),
                };
            }
        }

        internal void Finish(in Tile part)
        {
            if (After is null)
                return;
            using var clock = KernelClock.In(KernelPart.ElementWise);
            After(part);
        }

        /// <summary>Two halves of the longer side.</summary>
        internal IEnumerable<Tile> Cut()
        {
            var product = Chain[0];
            long m = product.M,
                n = product.N;
            if (m * n * product.K < WorthCutting)
                return [product.Whole];
            var byRows = m > n || (m == n && product.TA);
            var (length, unit) = byRows ? (m, After is null ? TileRows : ColumnSums.Rows) : (n, TileColumns);
            var middle = Math.Min(length, (length + unit - 1) / unit / 2 * unit);
            if (middle == 0)
                return [product.Whole];
            return byRows
                ? [product.Whole with { Rows = middle }, product.Whole with { Row = middle, Rows = m - middle }]
                :
                [
                    product.Whole with
                    {
                        Columns = middle,
                    },
                    product.Whole with
                    {
                        Column = middle,
                        Columns = n - middle,
                    },
                ];
        }
    }
}
