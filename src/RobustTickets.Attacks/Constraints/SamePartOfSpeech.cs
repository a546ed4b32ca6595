// TextAttack `PartOfSpeech`: the substitute's universal POS tag in context must equal the original
// word's, or both are noun or verb. Context: up to four words before and three after in the
// original text; the tag is that of the first occurrence of the word's string in it.

using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using RobustTickets.Attacks.Resources;

namespace RobustTickets.Attacks.Constraints;

/// <summary>A substitute must have the same part of speech.</summary>
/// <param name="Tagger">The tagger.</param>
/// <param name="AllowVerbNounSwap">Whether nouns and verbs may replace each other.</param>
/// <param name="ComparesWithOriginal">Whether the context comes from the original text (TextFooler,
/// BERT-Attack as released).</param>
public sealed record SamePartOfSpeech(
    PerceptronTagger Tagger,
    bool AllowVerbNounSwap = true,
    bool ComparesWithOriginal = true
) : WordConstraint
{
    private const int Before = 4;
    private const int After = 3;
    private readonly ConditionalWeakTable<
        AttackedText,
        ConcurrentDictionary<(int Position, string Word), string>
    > _tags = [];

    /// <inheritdoc/>
    public override string Name => "part-of-speech";

    /// <inheritdoc/>
    public override bool ComparesWithOriginal { get; } = ComparesWithOriginal;

    /// <inheritdoc/>
    public override bool Accepts(AttackedText reference, int position, string word)
    {
        ArgumentNullException.ThrowIfNull(reference);
        var known = _tags.GetValue(reference, _ => new());
        var old = Tag(known, reference, position, reference.WordArray[position]);
        var next = Tag(known, reference, position, word);
        return old == next || (AllowVerbNounSwap && old is "NOUN" or "VERB" && next is "NOUN" or "VERB");
    }

    private string Tag(
        ConcurrentDictionary<(int, string), string> known,
        AttackedText reference,
        int position,
        string word
    )
    {
        if (known.TryGetValue((position, word), out var tag))
            return tag;
        var words = reference.WordArray;
        var from = Math.Max(position - Before, 0);
        var context = words.AsSpan(from, Math.Min(position + After + 1, words.Length) - from);
        return known.GetOrAdd((position, word), Tagger.TagOfFirst(context, position - from, word));
    }
}
