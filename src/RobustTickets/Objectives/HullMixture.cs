// Mixture weights of each word over its own embedding and its neighbours' (w >= 0, sum 1):
// initialised from a Dirichlet distribution (DNE, Zhou et al. 2021), then updated by gradient
// ascent through a softmax (ASCC, Dong et al. 2021). Host loops: cheap next to the layers.
using RobustTickets.Kernels.Randomness;

namespace RobustTickets.Objectives;

/// <summary>Mixture weights of the words of one batch.</summary>
internal sealed class HullMixture
{
    private readonly IReadOnlyList<HullWord> _words;
    private readonly Func<long, ReadOnlyMemory<float>> _embedding;
    private readonly long[] _ids;
    private readonly int _hidden;
    private readonly double[][] _logits;

    /// <param name="words">Words with a hull.</param>
    /// <param name="ids">[T] token ids of the batch.</param>
    /// <param name="embedding">Embedding [H] of a token id.</param>
    /// <param name="hidden">H.</param>
    /// <param name="start">Initial weights of each word, its own embedding's first.</param>
    public HullMixture(
        IReadOnlyList<HullWord> words,
        long[] ids,
        Func<long, ReadOnlyMemory<float>> embedding,
        int hidden,
        Func<HullWord, double[]> start
    )
    {
        (_words, _ids, _embedding, _hidden) = (words, ids, embedding, hidden);
        _logits = [.. words.Select(w => Array.ConvertAll(start(w), x => Math.Log(Math.Max(x, 1e-30))))];
    }

    /// <summary>The weights of a word, its own embedding's first.</summary>
    public double[] Weights(int word)
    {
        var logits = _logits[word];
        var largest = logits.Max();
        var weights = Array.ConvertAll(logits, l => Math.Exp(l - largest));
        var sum = weights.Sum();
        return Array.ConvertAll(weights, w => w / sum);
    }

    /// <summary>
    /// The change of the embeddings: the sum of w_j (e_j - e_0) in the rows of each word, 0
    /// elsewhere; [T, H].
    /// </summary>
    public float[] Delta()
    {
        var delta = new float[_ids.Length * _hidden];
        for (var k = 0; k < _words.Count; k++)
        {
            var weights = Weights(k);
            ForEach(
                k,
                (row, member, own, other) =>
                {
                    var target = delta.AsSpan(row * _hidden, _hidden);
                    var w = (float)weights[member];
                    for (var h = 0; h < target.Length; h++)
                        target[h] += w * (other[h] - own[h]);
                }
            );
        }
        return delta;
    }

    /// <summary>
    /// One step of the softmax's logits along the gradient of loss minus sparsity times entropy,
    /// scaled to length <paramref name="step"/> over all words of an example.
    /// </summary>
    /// <param name="gradient">Gradient of the loss with respect to <see cref="Delta"/> [T,
    /// H].</param>
    /// <param name="step">Length of the step.</param>
    /// <param name="sparsity">Weight of the entropy, which is decreased; in units of the
    /// loss.</param>
    public void Ascend(float[] gradient, double step, double sparsity)
    {
        var slopes = new double[_words.Count][];
        var squares = new Dictionary<int, double>();
        for (var k = 0; k < slopes.Length; k++)
        {
            var weights = Weights(k);
            var pull = new double[weights.Length]; // d loss / d w_j; 0 for the word itself
            ForEach(
                k,
                (row, member, own, other) =>
                {
                    var g = gradient.AsSpan(row * _hidden, _hidden);
                    var dot = 0f;
                    for (var h = 0; h < g.Length; h++)
                        dot += g[h] * (other[h] - own[h]);
                    pull[member] += dot;
                }
            );
            var entropy = -weights.Sum(w => w * Math.Log(Math.Max(w, 1e-30)));
            var mean = weights.Zip(pull).Sum(x => x.First * x.Second);
            slopes[k] =
            [
                .. weights.Select(
                    (w, j) => w * (pull[j] - mean + (sparsity * (Math.Log(Math.Max(w, 1e-30)) + entropy)))
                ),
            ];
            var example = _words[k].Example;
            squares[example] = squares.GetValueOrDefault(example) + slopes[k].Sum(s => s * s);
        }
        for (var k = 0; k < slopes.Length; k++)
        {
            var norm = Math.Sqrt(squares[_words[k].Example]);
            if (norm > 0 && double.IsFinite(norm))
            {
                for (var j = 0; j < slopes[k].Length; j++)
                    _logits[k][j] += step * slopes[k][j] / norm;
            }
        }
    }

    // Visits every (row, neighbour) of a word with both embeddings; member 0 is the word itself.
    private void ForEach(int word, PairVisit visit)
    {
        var (row, _, _, neighbours) = _words[word];
        for (var j = 0; j < neighbours.Length; j++)
        {
            for (var i = 0; i < neighbours[j].Length; i++)
                visit(row + i, j + 1, _embedding(_ids[row + i]).Span, _embedding(neighbours[j][i]).Span);
        }
    }

    private delegate void PairVisit(int row, int member, ReadOnlySpan<float> own, ReadOnlySpan<float> other);

    /// <summary>
    /// Samples a Dirichlet distribution with concentration <paramref name="own"/> for the word
    /// itself and <paramref name="others"/> for each neighbour.
    /// </summary>
    public static double[] Dirichlet(RandomKey key, double own, double others, int neighbours)
    {
        var draws = new double[neighbours + 1];
        for (var j = 0; j < draws.Length; j++)
            draws[j] = Gamma(key.Derive(j), j == 0 ? own : others);
        var sum = draws.Sum();
        return sum > 0 ? Array.ConvertAll(draws, d => d / sum) : Corner(key, own, others, neighbours);
    }

    // For shapes near 0 all samples underflow: the largest, compared by logarithm, gets all the
    // weight.
    private static double[] Corner(RandomKey key, double own, double others, int neighbours)
    {
        double Log(int j) => Math.Log(1.0 - key.Derive(j).Uniform(uint.MaxValue)) / (j == 0 ? own : others);
        var weights = new double[neighbours + 1];
        weights[Enumerable.Range(0, weights.Length).MaxBy(Log)] = 1;
        return weights;
    }

    // Marsaglia and Tsang (2000); for a shape below 1, a sample of shape + 1 times u^(1/shape).
    private static double Gamma(RandomKey key, double shape)
    {
        if (shape < 1)
            return Gamma(key, shape + 1) * Math.Pow(1.0 - key.Uniform(uint.MaxValue), 1 / shape);
        var d = shape - (1.0 / 3);
        var c = 1 / Math.Sqrt(9 * d);
        for (var draw = 0u; ; draw += 3)
        {
            var radius = Math.Sqrt(-2 * Math.Log(1.0 - key.Uniform(draw)));
            var x = radius * Math.Cos(2 * Math.PI * key.Uniform(draw + 1));
            var v = Math.Pow(1 + (c * x), 3);
            if (v > 0 && Math.Log(1.0 - key.Uniform(draw + 2)) < (0.5 * x * x) + d - (d * v) + (d * Math.Log(v)))
                return d * v;
        }
    }
}
