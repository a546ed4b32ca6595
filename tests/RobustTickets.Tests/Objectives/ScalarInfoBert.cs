// InfoBERT slowly, in double precision, one number at a time, from docs/methods/infobert.md alone;
// gradients are central differences. It shares with the program only the keyed draws (partners and
// order of pairs), which are inputs, not results.
using RobustTickets.Kernels.Randomness;
using RobustTickets.Models;
using RobustTickets.Objectives;
using RobustTickets.Torch.nn;

namespace RobustTickets.Tests.Objectives;

/// <summary>Choices of one pass that are constants of its gradient.</summary>
/// <param name="Delta">Perturbation [T][H].</param>
/// <param name="Chosen">Selected rows with their examples.</param>
internal sealed record ScalarPass(double[][] Delta, List<(int Row, int Example)> Chosen);

/// <summary>A whole step in double precision.</summary>
internal sealed class ScalarInfoBert
{
    private const double H = 1e-6;
    private readonly BertConfig _config;
    private readonly PackedBatch _batch;
    private readonly InfoBertOptions _options;
    private readonly RandomKey _step;

    public ScalarInfoBert(
        ParameterStore store,
        BertConfig config,
        PackedBatch batch,
        InfoBertOptions options,
        RandomKey step
    )
    {
        (_config, _batch, _options, _step) = (config, batch, options, step);
        Parameters = store.Names.ToDictionary(n => n, n => Array.ConvertAll(store[n].to_array(), x => (double)x));
    }

    /// <summary>Parameters, which may be moved to take differences.</summary>
    public Dictionary<string, double[]> Parameters { get; }

    /// <summary>Mutants: InfoNCE's sum over the other input, and UB without its half.</summary>
    public bool SumOverCls { get; init; }

    /// <inheritdoc cref="SumOverCls"/>
    public bool WholeSquares { get; init; }

    /// <summary>Deltas and choices of all passes, from a start [T][H].</summary>
    public List<ScalarPass> Walk(double[][] start)
    {
        var passes = new List<ScalarPass>();
        var delta = start.Select(row => row.ToArray()).ToArray();
        for (var t = 0; t < _options.Steps; t++)
        {
            var gradient = delta.Select(row => new double[row.Length]).ToArray();
            for (var i = 0; i < delta.Length; i++)
            {
                for (var j = 0; j < delta[i].Length; j++)
                {
                    var kept = delta[i][j];
                    delta[i][j] = kept + H;
                    var up = Steering(delta, t);
                    delta[i][j] = kept - H;
                    gradient[i][j] = (up - Steering(delta, t)) / (2 * H);
                    delta[i][j] = kept;
                }
            }
            passes.Add(new ScalarPass(delta.Select(row => row.ToArray()).ToArray(), Choose(gradient)));
            for (var b = 0; b < _batch.Count; b++)
            {
                var rows = Enumerable.Range(_batch.Offsets[b], _batch.Offsets[b + 1] - _batch.Offsets[b]).ToArray();
                var norm = Math.Max(Math.Sqrt(rows.Sum(i => gradient[i].Sum(g => g * g))), 1e-8);
                foreach (var i in rows)
                    for (var j = 0; j < delta[i].Length; j++)
                        delta[i][j] += _options.StepSize * gradient[i][j] / norm;
            }
        }
        return passes;
    }

    /// <summary>The minimised value of the step, given what was chosen.</summary>
    public double Loss(IReadOnlyList<ScalarPass> passes)
    {
        var total = 0.0;
        for (var t = 0; t < passes.Count; t++)
        {
            var (embedded, top, logits) = Forward(passes[t].Delta);
            total +=
                (
                    CrossEntropy(logits)
                    + (_options.Beta * UpperBound(embedded, t))
                    - (_options.Alpha * LowerBound(embedded, top, passes[t].Chosen, t))
                ) / passes.Count;
        }
        return total;
    }

    /// <summary>Cross entropy of a pass.</summary>
    public double CrossEntropy(ScalarPass pass) => CrossEntropy(Forward(pass.Delta).Logits);

    /// <summary>
    /// The central difference of <see cref="Loss"/> by one element of a parameter.
    /// </summary>
    public double Gradient(string name, int element, IReadOnlyList<ScalarPass> passes)
    {
        var values = Parameters[name];
        var kept = values[element];
        values[element] = kept + H;
        var up = Loss(passes);
        values[element] = kept - H;
        var down = Loss(passes);
        values[element] = kept;
        return (up - down) / (2 * H);
    }

    private double Steering(double[][] delta, int t)
    {
        var (embedded, _, logits) = Forward(delta);
        return (CrossEntropy(logits) + (_options.Beta * UpperBound(embedded, t))) / _options.Steps;
    }

    private double UpperBound(double[][] y, int t)
    {
        var partners = InfoBertTerms.Partners(_step, t, y.Length);
        return y.Select((row, i) => row.Zip(y[partners[i]], (a, b) => (a - b) * (a - b)).Sum()).Sum()
            / (WholeSquares ? 1 : 2)
            / y.Length;
    }

    private double LowerBound(double[][] embedded, double[][] top, List<(int Row, int Example)> chosen, int t)
    {
        if (chosen.Count == 0)
            return 0;
        var shuffled = InfoBertTerms.Order(_step, t).Permutation(chosen.Count).Select(i => chosen[i]).ToArray();
        var bounds = new List<double>();
        for (var first = 0; first < shuffled.Length; first += _batch.Count)
        {
            var chunk = shuffled[first..Math.Min(shuffled.Length, first + _batch.Count)];
            double paired = 0,
                all = 0;
            foreach (var (row, example) in chunk)
            {
                paired += Critic(embedded[row], top[example]);
                all += Math.Log(
                    chunk.Sum(other =>
                        Math.Exp(
                            SumOverCls
                                ? Critic(embedded[row], top[other.Example])
                                : Critic(embedded[other.Row], top[example])
                        )
                    )
                );
            }
            bounds.Add((paired / chunk.Length) - ((all / chunk.Length) - Math.Log(chunk.Length)));
        }
        return bounds.Average();
    }

    private double Critic(double[] x, double[] z)
    {
        double[] input = [.. x, .. z];
        var hidden = Linear(input, "infobert.critic.0").Select(h => Math.Max(h, 0)).ToArray();
        return Math.Log(1 + Math.Exp(Linear(hidden, "infobert.critic.2")[0]));
    }

    private List<(int Row, int Example)> Choose(double[][] gradient)
    {
        var chosen = new List<(int, int)>();
        for (var b = 0; b < _batch.Count; b++)
        {
            var n = _batch.Offsets[b + 1] - _batch.Offsets[b];
            var ranked = Enumerable.Range(_batch.Offsets[b], n).OrderBy(i => gradient[i].Sum(g => g * g)).ToArray();
            var middle = Enumerable
                .Range(0, n)
                .Where(rank =>
                    rank >= Math.Ceiling(n * _options.LowShare) && rank <= Math.Ceiling(n * _options.HighShare) - 1
                )
                .Select(rank => ranked[rank]);
            chosen.AddRange(middle.Order().Select(i => (i, b)));
        }
        return chosen;
    }

    private double CrossEntropy(double[][] logits) =>
        logits.Select((l, b) => Math.Log(l.Sum(Math.Exp)) - l[_batch.Labels[b]]).Average();

    private (double[][] Embedded, double[][] Top, double[][] Logits) Forward(double[][] delta)
    {
        var embedded = new double[_batch.Tokens][];
        for (var i = 0; i < embedded.Length; i++)
        {
            double[] word = Row(BertParameters.WordEmbeddings, _batch.Ids[i]),
                type = Row(BertParameters.TypeEmbeddings, _batch.Segments[i]),
                position = Row(BertParameters.PositionEmbeddings, _batch.Positions[i]);
            embedded[i] = Norm(
                word.Select((w, j) => w + delta[i][j] + type[j] + position[j]).ToArray(),
                "bert.embeddings.LayerNorm"
            );
        }
        var top = new double[_batch.Count][];
        for (var b = 0; b < top.Length; b++)
        {
            var x = embedded[_batch.Offsets[b].._batch.Offsets[b + 1]];
            for (var l = 0; l < _config.Layers; l++)
                x = Layer(x, l);
            top[b] = x[0];
        }
        return (
            embedded,
            top,
            [
                .. top.Select(z =>
                    Linear(Linear(z, BertParameters.Pooler).Select(Math.Tanh).ToArray(), BertParameters.Classifier)
                ),
            ]
        );
    }

    private double[][] Layer(double[][] x, int l)
    {
        var (name, size) = (BertParameters.LayerPrefix(l), _config.HeadSize);
        double[][] q = All("query"),
            k = All("key"),
            v = All("value");
        var y = new double[x.Length][];
        for (var i = 0; i < x.Length; i++)
        {
            var context = new double[q[i].Length];
            for (var head = 0; head < _config.HeadsPerLayer[l]; head++)
            {
                var weights = x.Select(
                        (_, j) =>
                            Math.Exp(Enumerable.Range(head * size, size).Sum(f => q[i][f] * k[j][f]) / Math.Sqrt(size))
                    )
                    .ToArray();
                var sum = weights.Sum();
                for (var f = head * size; f < (head + 1) * size; f++)
                    context[f] = x.Select((_, j) => weights[j] / sum * v[j][f]).Sum();
            }
            var attended = Norm(
                Add(Linear(context, $"{name}.attention.output.dense"), x[i]),
                $"{name}.attention.output.LayerNorm"
            );
            var activated = Linear(attended, BertParameters.NeuronRows(l))
                .Select(u => 0.5 * u * (1 + Math.Tanh(Math.Sqrt(2 / Math.PI) * (u + (0.044715 * u * u * u)))))
                .ToArray();
            y[i] = Norm(Add(Linear(activated, $"{name}.output.dense"), attended), $"{name}.output.LayerNorm");
        }
        return y;

        double[][] All(string part) => Array.ConvertAll(x, row => Linear(row, $"{name}.attention.self.{part}"));
    }

    private static double[] Add(double[] a, double[] b) => [.. a.Zip(b, (x, y) => x + y)];

    private double[] Row(string name, long row) =>
        Parameters[name][((int)row * _config.Hidden)..(((int)row + 1) * _config.Hidden)];

    private double[] Linear(double[] x, string name)
    {
        double[] weight = Parameters[$"{name}.weight"],
            y = (double[])Parameters[$"{name}.bias"].Clone();
        for (var o = 0; o < y.Length; o++)
        for (var j = 0; j < x.Length; j++)
            y[o] += weight[(o * x.Length) + j] * x[j];
        return y;
    }

    private double[] Norm(double[] x, string name)
    {
        var mean = x.Average();
        var deviation = Math.Sqrt(x.Average(v => (v - mean) * (v - mean)) + _config.LayerNormEpsilon);
        return
        [
            .. x.Select(
                (v, j) => ((v - mean) / deviation * Parameters[$"{name}.weight"][j]) + Parameters[$"{name}.bias"][j]
            ),
        ];
    }
}
