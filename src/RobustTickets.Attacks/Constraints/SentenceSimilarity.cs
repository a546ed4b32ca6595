// TextAttack `SentenceEncoder`: similarity of the sentence embeddings of a window around the edit,
// in the candidate and in the reference text. Differences (cosine clamped before arccos, edits
// without a word rejected): docs/methods/attacks.md, Where we differ on purpose.

using RobustTickets.Attacks.Engine;
using RobustTickets.Attacks.Searches;

namespace RobustTickets.Attacks.Constraints;

/// <summary>How two embeddings are compared.</summary>
public enum SimilarityMetric
{
    /// <summary>The cosine of the angle.</summary>
    Cosine,

    /// <summary>1 - angle / pi.</summary>
    Angular,
}

/// <summary>Requires a minimum similarity of sentence embeddings to the reference text.</summary>
/// <param name="Encoder">The encoder.</param>
/// <param name="Threshold">Minimum similarity.</param>
/// <param name="Metric">Cosine or angular.</param>
/// <param name="Window">Number of words around the edit that are encoded; null: all.</param>
/// <param name="ComparesWithOriginal">Compare with the original text; otherwise with the current
/// one.</param>
/// <param name="SkipShortTexts">Texts with fewer words than the window pass with similarity
/// 1.</param>
public sealed record SentenceSimilarity(
    ISentenceEncoder Encoder,
    double Threshold,
    SimilarityMetric Metric,
    int? Window,
    bool ComparesWithOriginal,
    bool SkipShortTexts
) : CandidateConstraint
{
    private const double NormFloor = 1e-8;

    /// <inheritdoc/>
    public override string Name => "sentence-similarity";

    /// <inheritdoc/>
    public override bool ComparesWithOriginal { get; } = ComparesWithOriginal;

    /// <inheritdoc/>
    public override IEnumerable<SearchRequest> Filter(AttackedText reference, List<Candidate> candidates)
    {
        ArgumentNullException.ThrowIfNull(reference);
        ArgumentNullException.ThrowIfNull(candidates);
        candidates.RemoveAll(c => TextWindow.Centre(c.Text) < 0);
        var windows = new List<string>();
        var pairs = new (int Reference, int Candidate)[candidates.Count];
        var places = new Dictionary<string, int>();
        for (var i = 0; i < pairs.Length; i++)
        {
            var text = candidates[i].Text;
            if (IsExempt(text))
            {
                pairs[i] = (-1, -1);
                continue;
            }
            var centre = TextWindow.Centre(text);
            pairs[i] = (
                Place(TextWindow.Around(reference, centre, Window)),
                Place(TextWindow.Around(text, centre, Window))
            );
        }
        IReadOnlyList<double[]> vectors = [];
        if (windows.Count > 0)
        {
            var request = new EncodeRequest(Encoder, windows);
            yield return request;
            vectors = request.Vectors;
        }
        var kept = 0;
        for (var i = 0; i < pairs.Length; i++)
        {
            var similarity =
                pairs[i].Reference < 0
                    ? 1.0
                    : Similarity(vectors[pairs[i].Reference], vectors[pairs[i].Candidate], Metric);
            if (similarity >= Threshold)
                candidates[kept++] = candidates[i] with { Similarity = similarity };
        }
        candidates.RemoveRange(kept, candidates.Count - kept);

        int Place(string window)
        {
            if (places.TryGetValue(window, out var at))
                return at;
            places.Add(window, at = windows.Count);
            windows.Add(window);
            return at;
        }
    }

    /// <summary>The similarity of two vectors of equal length.</summary>
    public static double Similarity(ReadOnlySpan<double> a, ReadOnlySpan<double> b, SimilarityMetric metric)
    {
        double dot = 0,
            aa = 0,
            bb = 0;
        for (var d = 0; d < a.Length; d++)
        {
            dot += a[d] * b[d];
            aa += a[d] * a[d];
            bb += b[d] * b[d];
        }
        var cosine = dot / (Math.Max(Math.Sqrt(aa), NormFloor) * Math.Max(Math.Sqrt(bb), NormFloor));
        return metric == SimilarityMetric.Cosine ? cosine : 1.0 - Math.Acos(Math.Clamp(cosine, -1.0, 1.0)) / Math.PI;
    }

    private bool IsExempt(AttackedText text) => SkipShortTexts && Window is { } w && text.WordArray.Length < w;
}
