using RobustTickets.Augmentation;

namespace RobustTickets.Recipes.Validation;

/// <summary>Validates text augmentation options.</summary>
internal static class AugmentCheck
{
    /// <summary>Adds the problems of the options at a path; null is no augmentation.</summary>
    internal static void Check(string path, AugmentOptions? options, RecipeProblems found)
    {
        if (options is not { } o)
            return;
        var rates = Share($"{path}.neighbour-rate", o.NeighbourRate, found);
        rates &= Share($"{path}.wordnet-rate", o.WordnetRate, found);
        rates &= Share($"{path}.embedding-rate", o.EmbeddingRate, found);
        rates &= Share($"{path}.character-rate", o.CharacterRate, found);
        var sum = o.NeighbourRate + o.WordnetRate + o.EmbeddingRate + o.CharacterRate;
        if (rates && sum is 0 or > 1 + 1e-9)
            found.Add(
                $"{path}: neighbour-rate, wordnet-rate, embedding-rate and character-rate are shares of the words and "
                    + $"add up to {RecipeProblems.Show(sum)}; possible: above 0 and at most 1 together"
            );
        found.Require(o.TextRate is > 0 and <= 1, $"{path}.text-rate", o.TextRate, "in (0, 1]");
        found.Between($"{path}.neighbours", o.Neighbours, 1, RecipeProblems.MostTimes);
        found.Require(o.HeldOutShare is >= 0 and < 1, $"{path}.held-out-share", o.HeldOutShare, "in [0, 1)");
        if (found.NotNegative($"{path}.consistency", o.Consistency) && o is { Consistency: > 0, KeepOriginal: false })
            found.Add(
                $"{path}.consistency: compares a text with its changed form, so {path}.keep-original must be true"
            );
        if (o.Search is not { } search)
            return;
        found.Between($"{path}.search.candidates", search.Candidates, 2, RecipeProblems.MostTimes, "one is no search");
        found.Between($"{path}.search.every", search.Every, 1, RecipeProblems.MostTimes);
    }

    private static bool Share(string path, double value, RecipeProblems found) =>
        found.Require(value is >= 0 and <= 1, path, value, "in [0, 1]");
}
