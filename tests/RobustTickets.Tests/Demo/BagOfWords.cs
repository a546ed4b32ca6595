using RobustTickets.Cli.Demo.Corpus;

namespace RobustTickets.Tests.Demo;

/// <summary>
/// Logistic regression on which features a review has: the plainest classifier, to judge the demo's
/// data without a neural network.
/// </summary>
internal sealed class BagOfWords(Func<string, IEnumerable<string>> features)
{
    private readonly Dictionary<string, double> _weights = [];

    public static IEnumerable<string> Words(string text) =>
        text.ToLowerInvariant().Split([' ', '.', ','], StringSplitOptions.RemoveEmptyEntries).Distinct();

    public void Train(IReadOnlyList<DemoReview> reviews, int epochs = 8, double rate = 0.15, double decay = 1e-4)
    {
        for (var epoch = 0; epoch < epochs; epoch++)
        {
            foreach (var review in reviews)
            {
                var active = features(review.Text).ToArray();
                var error = review.Label - 1.0 / (1.0 + Math.Exp(-Score(active)));
                foreach (var f in active)
                    _weights[f] = (_weights.GetValueOrDefault(f) * (1 - decay)) + (rate * error);
            }
        }
    }

    public double Score(string text) => Score(features(text));

    public int Predict(string text) => Score(text) > 0 ? 1 : 0;

    public double Accuracy(IReadOnlyList<DemoReview> reviews) =>
        reviews.Average(r => Predict(r.Text) == r.Label ? 1.0 : 0.0);

    private double Score(IEnumerable<string> active) => active.Sum(f => _weights.GetValueOrDefault(f));

    /// <summary>
    /// Replaces words by synonyms, one after the other, as long as the true label's score falls;
    /// true when the prediction flips.
    /// </summary>
    public bool Fooled(DemoReview review, double maxShare = 1.0)
    {
        var words = review
            .Text.ToLowerInvariant()
            .Replace(".", " .", StringComparison.Ordinal)
            .Replace(",", " ,", StringComparison.Ordinal)
            .Split(' ');
        var sign = review.Label == 1 ? 1 : -1;
        var changes = 0;
        for (var i = 0; i < words.Length && changes < maxShare * words.Length; i++)
        {
            if (DemoLexicon.GroupOf(words[i]) is not { } group)
                continue;
            var original = words[i];
            var best = original;
            var lowest = sign * Score(string.Join(' ', words));
            foreach (var member in group.Members)
            {
                words[i] = member;
                var score = sign * Score(string.Join(' ', words));
                if (score < lowest)
                    (best, lowest) = (member, score);
            }
            words[i] = best;
            if (best != original)
                changes++;
            if (Predict(string.Join(' ', words)) != review.Label)
                return true;
        }
        return false;
    }
}
