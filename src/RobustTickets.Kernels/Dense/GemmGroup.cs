// Independent GEMMs with one barrier: a large result is split into two halves, and an idle thread
// takes the next part. The split depends only on the shapes, so one and two threads give the same
// bits; with more threads the library parallelises each product.
using System.Collections.Concurrent;
using RobustTickets.Torch;
using RobustTickets.Torch.Native;

namespace RobustTickets.Kernels.Dense;

/// <summary>
/// C [M, N] = op(A) [M, K] op(B) [K, N] + Beta C, row-major without padding. With TA, A is stored
/// [K, M]; with TB, B is stored [N, K]. Operands are float32, or bfloat16 if Bf16 is set; C is
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

    /// <summary>Computes a part of C.</summary>
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
/// Work on a part of a result that has just been computed. Parts of one result may be processed
/// concurrently.
/// </summary>
internal delegate void TileBody(in Tile part);

/// <summary>Independent products, added one by one and run together.</summary>
internal sealed class GemmGroup
{
    // With more threads, each product is left to the library.
    private const int Threads = 2;

    /// <summary>Multiplications (m n k) below which a product is not split.</summary>
    private const long WorthCutting = 1 << 24;

    /// <summary>Tile size of the library: parts end at tile boundaries.</summary>
    private const long TileRows = 8,
        TileColumns = 48;

    private readonly List<Entry> _entries = [];
    private readonly List<Action> _independent = [];
    private Func<bool>? _onIdle;

    /// <summary>
    /// Adds a product. <paramref name="after"/> gets each part as soon as it is computed; its rows
    /// start at a multiple of <see cref="ColumnSums.Rows"/>.
    /// </summary>
    internal void Add(in Product product, TileBody? after = null)
    {
        if (product.M > 0 && product.N > 0)
            _entries.Add(new Entry([product], after));
    }

    /// <summary>
    /// Adds a product that accumulates into the result of the last one: each of its parts is
    /// computed after that one's, by the same thread.
    /// </summary>
    internal void Then(in Product product)
    {
        if (product.M > 0 && product.N > 0)
            _entries[^1].Chain.Add(product);
    }

    /// <summary>
    /// Adds small work that does not depend on the products: threads run it after the products,
    /// before the barrier.
    /// </summary>
    internal void AddIndependent(Action work) => _independent.Add(work);

    /// <summary>
    /// Sets the work that a thread repeats while it waits at the barrier; false means there is
    /// none. The last call wins.
    /// </summary>
    internal void OnIdle(Func<bool> some) => _onIdle = some;

    /// <summary>
    /// Runs everything; products start in the order of addition, independent work last.
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
    /// The tasks up to the barrier. Halves of products are long; the work after the last of them is
    /// small, so the first idle thread takes it too.
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
        /// The products, independent work, and one task per thread for the rest up to the barrier.
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
                    entry.Finish(part); // every thread still has a product
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

    /// <summary>Products with the same result, and the work after them.</summary>
    private sealed record Entry(List<Product> Chain, TileBody? After)
    {
        internal void Make(in Tile part)
        {
            foreach (var product in Chain)
                product.Run(part);
        }

        /// <summary>
        /// The products as parallelised by the library, then the following work by rows.
        /// </summary>
        internal void RunWhole()
        {
            Make(Chain[0].Whole);
            var blocks = Following(Chain[0].Whole).ToArray();
            TorchParallel.ForEach(blocks.Length, block => Finish(blocks[block]));
        }

        /// <summary>Row blocks of a part for the following work; empty without any.</summary>
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

        /// <summary>Splits along the longer side.</summary>
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
