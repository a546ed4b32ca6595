using RobustTickets.Augmentation;
using static RobustTickets.Attacks.Invariant;

namespace RobustTickets.Cli;

/// <summary>Describes augmentation options in one line.</summary>
internal static class AugmentLine
{
    public static string Of(AugmentOptions options, SubstituteSources sources)
    {
        (double Rate, string What)[] parts =
        [
            (options.NeighbourRate, $"neighbours ({File(sources, "neighbours") ?? File(sources, "word-vectors")})"),
            (options.WordnetRate, "WordNet synonyms"),
            (options.EmbeddingRate, "neighbours among the model's embeddings"),
            (options.CharacterRate, "typing errors"),
        ];
        return string.Join(", ", parts.Where(p => p.Rate > 0).Select(p => Text($"{p.Rate:0.##} {p.What}")))
            + (options.TextRate < 1 ? Text($" in {options.TextRate:0.##} of the texts") : "")
            + (options.KeepOriginal ? ", in addition to the originals" : "");
    }

    private static string? File(SubstituteSources sources, string kind) =>
        sources.Files.FirstOrDefault(f => f.Kind == kind)?.Name;
}
