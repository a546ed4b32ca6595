// Hard-concrete gates on raw memory (RobusT eq. 3-5; docs/methods/robust.md, Gates): y = m(a) * W
// and its backward, which recomputes the gates. Reference: Tickets/HardConcrete.cs, plain
// operators.
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using RobustTickets.Kernels.Randomness;
using RobustTickets.Torch;

namespace RobustTickets.Kernels.Masks;

/// <summary>
/// Source of the gates' uniform noise: none (evaluation), a key, or recorded numbers.
/// </summary>
/// <param name="Sampled">Whether gates are sampled; otherwise they are the deterministic gates of
/// evaluation.</param>
/// <param name="Key">Key of the site in this pass; score (r, c) uses number c of row key r.</param>
/// <param name="Recorded">Recorded uniform numbers of the scores' shape, used instead of keyed
/// ones; or null.</param>
internal readonly record struct GateNoise(bool Sampled, RandomKey Key, Tensor? Recorded)
{
    /// <summary>Deterministic gates.</summary>
    public static GateNoise Evaluation => default;

    /// <summary>Sampled gates from a key, or from recorded numbers if given.</summary>
    public static GateNoise Keyed(RandomKey key, Tensor? recorded = null) => new(Sampled: true, key, recorded);
}

/// <summary>How scores [R, C] are laid out over a weight matrix [O, I].</summary>
public enum MaskLayout
{
    /// <summary>Weight (o, i) uses score (o mod R, i mod C): the released grouping.</summary>
    Strided,

    /// <summary>
    /// Weight (o, i) uses score (o / (O/R), i / (I/C)): adjacent weights share a score, as the rows
    /// of a head do.
    /// </summary>
    Blocks,
}

/// <summary>Hard-concrete gates.</summary>
internal static unsafe class HardConcreteKernel
{
    /// <summary>l, the lower end of the stretch.</summary>
    public const double Low = -0.1;

    /// <summary>r, the upper end of the stretch.</summary>
    public const double High = 1.1;

    /// <summary>b, the temperature of sampled gates; fixed.</summary>
    public const double Temperature = 2.0 / 3.0;

    /// <summary>Minimum distance of uniform numbers from 0 and (nearly) from 1.</summary>
    public const float SmallestNoise = 1e-4f,
        LargestNoise = 0.9999f;

    private const int Width = 8;

    /// <summary>Gates [R, C] of scores [R, C].</summary>
    public static void Gates(Tensor scores, in GateNoise noise, Tensor gates)
    {
        var s = new Scores(scores, noise);
        var y = Data(gates);
        TorchParallel.For(
            s.Rows,
            Grain(s.Columns),
            (begin, end) =>
            {
                for (var r = begin; r < end; r++)
                    s.Row(r, y + (r * s.Columns), null);
            }
        );
    }

    /// <summary>The masked matrix m * W [O, I].</summary>
    public static void Forward(Tensor weight, Tensor scores, in GateNoise noise, MaskLayout layout, Tensor masked)
    {
        var (s, grid) = (new Scores(scores, noise), new Grid(weight, scores, layout));
        float* w = Data(weight),
            y = Data(masked);
        if (grid.OneToOne)
        {
            TorchParallel.For(
                grid.Rows,
                Grain(grid.Columns),
                (begin, end) =>
                {
                    for (var o = begin; o < end; o++)
                    {
                        var line = y + (o * grid.Columns);
                        s.Row(o, line, null);
                        Multiply(line, w + (o * grid.Columns), grid.Columns);
                    }
                }
            );
            return;
        }
        var gates = new float[s.Rows * s.Columns];
        fixed (float* m = gates)
        {
            for (long r = 0; r < s.Rows; r++)
                s.Row(r, m + (r * s.Columns), null);
            for (long o = 0; o < grid.Rows; o++)
            {
                var line = m + (grid.ScoreRow(o) * s.Columns);
                for (long i = 0, at = o * grid.Columns; i < grid.Columns; i++, at++)
                    y[at] = w[at] * line[grid.ScoreColumn(i)];
            }
        }
    }

    /// <summary>
    /// Gradients of <see cref="Forward"/> with respect to scores and weight; null if not needed.
    /// The noise must be that of the forward.
    /// </summary>
    public static void Backward(
        Tensor gradient,
        Tensor weight,
        Tensor scores,
        in GateNoise noise,
        MaskLayout layout,
        Tensor? scoreGradient,
        Tensor? weightGradient
    )
    {
        var (s, grid) = (new Scores(scores, noise), new Grid(weight, scores, layout));
        float* g = Data(gradient),
            w = Data(weight),
            da = DataOrNull(scoreGradient),
            dw = DataOrNull(weightGradient);
        if (grid.OneToOne)
        {
            TorchParallel.For(
                grid.Rows,
                Grain(grid.Columns),
                (begin, end) =>
                {
                    var spare = da is null || dw is null ? new float[grid.Columns] : [];
                    fixed (float* unused = spare)
                    {
                        for (var o = begin; o < end; o++)
                        {
                            var at = o * grid.Columns;
                            float* gate = dw is null ? unused : dw + at,
                                slope = da is null ? null : da + at;
                            s.Row(o, gate, slope);
                            if (slope is not null)
                                Multiply(slope, g + at, w + at, grid.Columns);
                            if (dw is not null)
                                Multiply(gate, g + at, grid.Columns);
                        }
                    }
                }
            );
            return;
        }
        float[] gates = new float[s.Rows * s.Columns],
            slopes = new float[gates.Length];
        var sums = new double[gates.Length];
        fixed (
            float* m = gates,
                d = slopes
        )
        {
            for (long r = 0; r < s.Rows; r++)
                s.Row(r, m + (r * s.Columns), d + (r * s.Columns));
            for (long o = 0; o < grid.Rows; o++)
            {
                var line = grid.ScoreRow(o) * s.Columns;
                for (long i = 0, at = o * grid.Columns; i < grid.Columns; i++, at++)
                {
                    var score = line + grid.ScoreColumn(i);
                    sums[score] += (double)g[at] * w[at];
                    if (dw is not null)
                        dw[at] = g[at] * m[score];
                }
            }
            if (da is null)
                return;
            for (var k = 0; k < sums.Length; k++)
                da[k] = (float)(sums[k] * d[k]);
        }
    }

    /// <summary>
    /// Sum over the scores of sigmoid(a - b ln(-l/r)), the probability that a gate is open, in
    /// double precision.
    /// </summary>
    public static double OpenProbability(Tensor scores)
    {
        var a = Data(scores);
        var n = scores.numel;
        var shift = Temperature * Math.Log(-Low / High);
        var total = 0.0;
        for (long i = 0; i < n; i++)
            total += 1 / (1 + Math.Exp(shift - a[i]));
        return total;
    }

    /// <summary>
    /// gradient = clip * gradient + factor * d sigmoid(a - b ln(-l/r)) / da, element by element.
    /// </summary>
    public static void AddPenaltyGradient(Tensor scores, Tensor gradient, float clip, double factor)
    {
        float* a = Data(scores),
            g = Data(gradient);
        var shift = Vector256.Create((float)(Temperature * Math.Log(-Low / High)));
        var scale = Vector256.Create(clip);
        var weight = Vector256.Create((float)factor);
        TorchParallel.For(
            (scores.numel + Width - 1) / Width,
            2048,
            (begin, end) =>
            {
                for (var at = begin * Width; at < end * Width; at += Width)
                {
                    var count = (int)Math.Min(Width, scores.numel - at);
                    var t = VectorMath.Exp(Limit(shift - Load(a + at, count)));
                    var open = Vector256<float>.One / (Vector256<float>.One + t);
                    Store(g + at, (Load(g + at, count) * scale) + (weight * open * open * t), count);
                }
            }
        );
    }

    /// <summary>Scores with the noise of a pass.</summary>
    private readonly struct Scores
    {
        internal readonly long Rows,
            Columns;
        private readonly float* _values,
            _recorded;
        private readonly RandomKey _key;
        private readonly bool _sampled;

        internal Scores(Tensor scores, in GateNoise noise)
        {
            (Rows, Columns) = (scores.size(0), scores.size(1));
            _values = Data(scores);
            _recorded = DataOrNull(noise.Recorded);
            (_key, _sampled) = (noise.Key, noise.Sampled);
            if (noise.Recorded is { } recorded && recorded.numel != scores.numel)
                throw new ArgumentException(
                    $"recorded noise has {recorded.numel} numbers, the scores are [{Rows}, {Columns}]"
                );
        }

        /// <summary>
        /// Gates m = clamp(s (r-l) + l, 0, 1) of a row, s = 1/(1+t), and optionally their
        /// derivatives dm/da: ds/da = s^2 t / b (without b in evaluation), and 0 outside [0, 1].
        /// </summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        internal void Row(long row, float* gates, float* slopes)
        {
            var key = _sampled ? _key.Derive(row) : default;
            var a = _values + (row * Columns);
            var u = _recorded is null ? null : _recorded + (row * Columns);
            Vector256<float> one = Vector256<float>.One,
                range = Vector256.Create((float)(High - Low)),
                low = Vector256.Create((float)Low);
            for (long c = 0; c < Columns; c += Width)
            {
                var count = (int)Math.Min(Width, Columns - c);
                var t = Odds(Load(a + c, count), key, u is null ? null : u + c, (uint)c, count);
                var s = one / (one + t);
                var stretched = (s * range) + low;
                Store(gates + c, Vector256.Min(Vector256.Max(stretched, Vector256<float>.Zero), one), count);
                if (slopes is null)
                    continue;
                var inside =
                    Vector256.GreaterThanOrEqual(stretched, Vector256<float>.Zero)
                    & Vector256.LessThanOrEqual(stretched, one);
                var steepness = range * Vector256.Create(_sampled ? (float)(1 / Temperature) : 1f);
                Store(slopes + c, (s * s * t * steepness) & inside, count);
            }
        }

        /// <summary>
        /// t = (1-s)/s of eight gates: ((1-u)/u)^(1/b) e^(-a/b), without a logarithm, since b = 2/3
        /// and x^(3/2) = x sqrt(x); in evaluation e^(-a).
        /// </summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private Vector256<float> Odds(Vector256<float> a, RandomKey key, float* recorded, uint first, int count)
        {
            if (!_sampled)
                return VectorMath.Exp(Limit(-a));
            var u = recorded is null
                ? Vector256.ConvertToSingle((key.Bits8(first) >>> 8).AsInt32()) * Vector256.Create(1f / (1 << 24))
                : Load(recorded, count);
            u = Vector256.Min(Vector256.Max(u, Vector256.Create(SmallestNoise)), Vector256.Create(LargestNoise));
            var odds = (Vector256<float>.One - u) / u;
            return odds * Vector256.Sqrt(odds) * VectorMath.Exp(Limit(a * Vector256.Create((float)(-1 / Temperature))));
        }
    }

    /// <summary>Maps weights to scores.</summary>
    private readonly struct Grid
    {
        internal readonly long Rows,
            Columns;
        private readonly long _scoreRows,
            _scoreColumns,
            _rowsEach,
            _columnsEach;
        private readonly bool _blocks;

        internal Grid(Tensor weight, Tensor scores, MaskLayout layout)
        {
            (Rows, Columns) = (weight.size(0), weight.size(1));
            (_scoreRows, _scoreColumns) = (scores.size(0), scores.size(1));
            if (Rows % _scoreRows != 0 || Columns % _scoreColumns != 0)
                throw new ArgumentException(
                    $"scores [{_scoreRows}, {_scoreColumns}] do not divide a matrix [{Rows}, {Columns}]"
                );
            (_rowsEach, _columnsEach, _blocks) = (
                Rows / _scoreRows,
                Columns / _scoreColumns,
                layout == MaskLayout.Blocks
            );
        }

        internal bool OneToOne => _rowsEach == 1 && _columnsEach == 1;

        internal long ScoreRow(long row) => _blocks ? row / _rowsEach : row % _scoreRows;

        internal long ScoreColumn(long column) => _blocks ? column / _columnsEach : column % _scoreColumns;
    }

    /// <summary>
    /// Clamps exponents so that neither they nor their product with the largest odds (1e6)
    /// overflow; gates are exactly 0 or 1 long before.
    /// </summary>
    private static Vector256<float> Limit(Vector256<float> exponent) =>
        Vector256.Min(Vector256.Max(exponent, Vector256.Create(-60f)), Vector256.Create(60f));

    private static void Multiply(float* into, float* by, long count)
    {
        for (long i = 0; i < count; i += Width)
        {
            var n = (int)Math.Min(Width, count - i);
            Store(into + i, Load(into + i, n) * Load(by + i, n), n);
        }
    }

    private static void Multiply(float* into, float* by, float* also, long count)
    {
        for (long i = 0; i < count; i += Width)
        {
            var n = (int)Math.Min(Width, count - i);
            Store(into + i, Load(into + i, n) * (Load(by + i, n) * Load(also + i, n)), n);
        }
    }

    // The last, shorter group of a row uses the same arithmetic, so results do not depend on the
    // vector width.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Load(float* from, int count) =>
        count == Width ? Vector256.Load(from) : LoadPart(from, count);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Vector256<float> LoadPart(float* from, int count)
    {
        var part = stackalloc float[Width];
        for (var i = 0; i < Width; i++)
            part[i] = i < count ? from[i] : 0.5f;
        return Vector256.Load(part);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(float* to, Vector256<float> values, int count)
    {
        if (count == Width)
            values.Store(to);
        else
            StorePart(to, values, count);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void StorePart(float* to, Vector256<float> values, int count)
    {
        for (var i = 0; i < count; i++)
            to[i] = values[i];
    }

    private static long Grain(long columns) => Math.Max(1, 8192 / Math.Max(1, columns));

    private static float* Data(Tensor tensor) => (float*)tensor.data_ptr;

    private static float* DataOrNull(Tensor? tensor) => tensor is null ? null : Data(tensor);
}
