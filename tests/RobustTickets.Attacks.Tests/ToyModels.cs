using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using RobustTickets.Attacks.Engine;

namespace RobustTickets.Attacks.Tests;

/// <summary>
/// The toy victim and encoder that golden/attacks/README.md defines. Answers are kept by text: the
/// sets share most of their queries.
/// </summary>
internal static class Toy
{
    /// <summary>
    /// Maximal runs of a-z, 0-9, apostrophe and everything from U+0080, after lowering A-Z.
    /// </summary>
    public static List<string> Tokens(string text)
    {
        var tokens = new List<string>();
        var run = new StringBuilder();
        foreach (var c in text)
        {
            var l = c is >= 'A' and <= 'Z' ? (char)(c + 32) : c;
            if (l is (>= 'a' and <= 'z') or (>= '0' and <= '9') or '\'' or >= '\u0080')
            {
                run.Append(l);
            }
            else if (run.Length > 0)
            {
                tokens.Add(run.ToString());
                run.Clear();
            }
        }
        if (run.Length > 0)
            tokens.Add(run.ToString());
        return tokens;
    }

    /// <summary>h(s) of the README: FNV-1a 32 of the UTF-8 bytes, folded to [-1, 1].</summary>
    public static double Hash(string s)
    {
        var h = 2166136261u;
        foreach (var b in Encoding.UTF8.GetBytes(s))
            h = (h ^ b) * 16777619u;
        return ((int)(h % 2001) - 1000) / 1000.0;
    }
}

/// <summary>The toy victim.</summary>
internal sealed class ToyVictim : IVictim
{
    private readonly Dictionary<string, double[]> _weights = new(StringComparer.Ordinal);
    private readonly double[] _bias;
    private readonly double _unigram;
    private readonly double _bigram;
    private readonly ConcurrentDictionary<string, double[]> _known = new(StringComparer.Ordinal);

    public ToyVictim(string path)
    {
        using var json = JsonDocument.Parse(File.ReadAllText(path));
        var root = json.RootElement;
        _bias = Numbers(root.GetProperty("bias"));
        _unigram = root.GetProperty("unigram_hash_scale").GetDouble();
        _bigram = root.GetProperty("bigram_hash_scale").GetDouble();
        foreach (var w in root.GetProperty("weights").EnumerateObject())
            _weights[w.Name] = Numbers(w.Value);
    }

    public int ClassCount => _bias.Length;

    public double[][] Predict(IReadOnlyList<TextPair> inputs) =>
        [.. inputs.Select(i => _known.GetOrAdd(i.Second is null ? i.First : i.First + "\n" + i.Second, Row))];

    private static double[] Numbers(JsonElement e) => [.. e.EnumerateArray().Select(n => n.GetDouble())];

    private double[] Row(string text)
    {
        var z = (double[])_bias.Clone();
        var tokens = Toy.Tokens(text);
        for (var i = 0; i < tokens.Count; i++)
        {
            for (var k = 0; k < z.Length; k++)
            {
                if (_weights.TryGetValue(tokens[i], out var w))
                    z[k] += w[k];
                z[k] += _unigram * Toy.Hash($"{k}:{tokens[i]}");
                if (i > 0)
                    z[k] += _bigram * Toy.Hash($"{k}:{tokens[i - 1]} {tokens[i]}");
            }
        }
        var sum = 0.0;
        for (var k = 0; k < z.Length; k++)
        {
            z[k] = z[k] >= 0 ? 1 + z[k] : 1 / (1 - z[k]);
            sum += z[k];
        }
        for (var k = 0; k < z.Length; k++)
            z[k] /= sum;
        return z;
    }
}

/// <summary>The toy sentence encoder.</summary>
internal sealed class ToyEncoder : ISentenceEncoder
{
    private readonly Dictionary<string, double[]> _vectors = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, double[]> _known = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, double[]> _unknownTokens = new(StringComparer.Ordinal);

    public ToyEncoder(string vectorsPath)
    {
        foreach (var line in File.ReadLines(vectorsPath))
        {
            var parts = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (parts.Length > 1)
                _vectors[parts[0]] =
                [
                    .. parts[1..].Select(p => double.Parse(p, System.Globalization.CultureInfo.InvariantCulture)),
                ];
        }
        Dimension = _vectors.Values.First().Length;
    }

    public string Name => "toy encoder";

    public int Dimension { get; }

    public double[][] Encode(IReadOnlyList<string> texts) => [.. texts.Select(t => _known.GetOrAdd(t, Vector))];

    private double[] Vector(string text)
    {
        var v = new double[Dimension];
        var tokens = Toy.Tokens(text);
        foreach (var token in tokens)
        {
            var row = _vectors.TryGetValue(token, out var known)
                ? known
                : _unknownTokens.GetOrAdd(
                    token,
                    t => [.. Enumerable.Range(0, Dimension).Select(d => 0.25 * Toy.Hash($"e{d}:{t}"))]
                );
            for (var d = 0; d < v.Length; d++)
                v[d] += row[d];
        }
        if (tokens.Count == 0)
            v[0] = 1;
        for (var d = 0; d < v.Length; d++)
        {
            if (tokens.Count > 0)
                v[d] /= tokens.Count;
            v[d] += 0.002 * Toy.Hash($"s{d}:{text}");
        }
        return v;
    }
}
