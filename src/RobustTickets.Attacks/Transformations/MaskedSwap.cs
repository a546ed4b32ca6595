// TextAttack `WordSwapMaskedLM`: substitutes from a masked language model. Every substitute is one
// word, so positions never shift. No prediction is used beyond the text's last token
// (docs/methods/attacks.md, Where we differ on purpose).

using RobustTickets.Attacks.Engine;
using RobustTickets.Attacks.Searches;

namespace RobustTickets.Attacks.Transformations;

/// <summary>Replaces a word by predictions of a masked language model.</summary>
/// <param name="Model">The model.</param>
public abstract record MaskedSwap(IMaskedLanguageModel Model) : Transformation
{
    /// <inheritdoc/>
    public override bool KeepsWordCount => true;

    /// <inheritdoc/>
    public sealed override IEnumerable<SearchRequest> Apply(
        AttackedText current,
        IReadOnlyList<int> positions,
        List<Candidate> candidates
    )
    {
        ArgumentNullException.ThrowIfNull(current);
        ArgumentNullException.ThrowIfNull(positions);
        ArgumentNullException.ThrowIfNull(candidates);
        var questions = positions.Select(p => Questions(current, p)).ToList();
        var request = new PredictRequest(Model, [.. questions.SelectMany(q => q)]);
        if (request.Questions.Count == 0)
            yield break;
        yield return request;
        var answered = 0;
        for (var i = 0; i < questions.Count; i++)
        {
            var answers = request.Answers.Skip(answered).Take(questions[i].Count).ToList();
            answered += answers.Count;
            if (answers.Count == 0)
                continue;
            var word = current.WordArray[positions[i]];
            foreach (var substitute in Substitutes(current, answers))
            {
                if (substitute != word)
                    candidates.Add(new Candidate(current.Replace(positions[i], substitute)));
            }
        }
    }

    /// <summary>
    /// The questions to the model for the word at a position; empty when it can have no candidates.
    /// </summary>
    protected abstract IReadOnlyList<MaskedQuestion> Questions(AttackedText current, int position);

    /// <summary>The substitutes derived from the answers, in order.</summary>
    protected abstract IEnumerable<string> Substitutes(AttackedText current, IReadOnlyList<int[]> answers);

    /// <summary>
    /// Index of the first mask token when the word at the position is masked, or -1 when the
    /// truncated text has none.
    /// </summary>
    protected int MaskPlace(string hidden) => Array.IndexOf(Model.Encode(hidden), Model.MaskId);
}

/// <summary>
/// BERT-Attack's swap: the model gets the unmasked text; its top K tokens at the word's pieces,
/// individually or in combination, are the substitutes.
/// </summary>
/// <param name="Model">The model.</param>
/// <param name="Count">Tokens per piece, and maximum substitutes of a word of several pieces
/// (K).</param>
public sealed record BertAttackSwap(IMaskedLanguageModel Model, int Count) : MaskedSwap(Model)
{
    /// <inheritdoc/>
    public override string Name => "masked-lm-swap (bert-attack)";

    /// <inheritdoc/>
    protected override IReadOnlyList<MaskedQuestion> Questions(AttackedText current, int position)
    {
        ArgumentNullException.ThrowIfNull(current);
        var first = MaskPlace(current.Replace(position, Model.MaskToken).Text);
        if (first < 0)
            return [];
        var last = Math.Min(first + Model.PieceCount(current.WordArray[position]), Model.MaxLength);
        return
        [
            .. Enumerable
                .Range(first, Math.Max(0, last - first))
                .Select(p => new MaskedQuestion(current.Text, p, Count)),
        ];
    }

    /// <inheritdoc/>
    protected override IEnumerable<string> Substitutes(AttackedText current, IReadOnlyList<int[]> answers)
    {
        ArgumentNullException.ThrowIfNull(current);
        ArgumentNullException.ThrowIfNull(answers);
        if (answers.Count > 1)
            return SubwordCombinations.OneWord([.. answers.Select(ids => Array.ConvertAll(ids, Model.Token))], Count);
        return answers[0]
            .Select(Model.Token)
            .Where(t => !t.Contains("##", StringComparison.Ordinal) && WordSplitter.HasOneWord(t, current.Version));
    }
}

/// <summary>
/// BAE's swap: the word is replaced by the mask token; the model's predictions there, best first,
/// are the substitutes.
/// </summary>
/// <param name="Model">The model.</param>
/// <param name="Count">Maximum number of substitutes.</param>
/// <param name="MinProbability">Minimum probability of a substitute.</param>
public sealed record BaeSwap(IMaskedLanguageModel Model, int Count, double MinProbability) : MaskedSwap(Model)
{
    private const string Punctuation = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";

    /// <inheritdoc/>
    public override string Name => "masked-lm-swap (bae)";

    /// <inheritdoc/>
    protected override IReadOnlyList<MaskedQuestion> Questions(AttackedText current, int position)
    {
        ArgumentNullException.ThrowIfNull(current);
        var hidden = current.Replace(position, Model.MaskToken);
        // Up to 0.3.4 the text is cut to its first and last word, which cuts a bracket of [MASK] at
        // either end (issue 622): such a word has no candidates.
        var text = current.Version == TextAttackVersion.Head ? hidden.Text : TextWindow.Around(hidden, position, null);
        var place = MaskPlace(text);
        // Tokens that are not words are skipped without counting, so all tokens above the
        // probability are needed.
        return place < 0 ? [] : [new MaskedQuestion(text, place, Model.VocabularySize, MinProbability)];
    }

    /// <inheritdoc/>
    protected override IEnumerable<string> Substitutes(AttackedText current, IReadOnlyList<int[]> answers)
    {
        ArgumentNullException.ThrowIfNull(current);
        ArgumentNullException.ThrowIfNull(answers);
        return answers[0]
            .Select(id => Model.Token(id).Replace("##", "", StringComparison.Ordinal))
            .Where(t =>
                WordSplitter.HasOneWord(t, current.Version)
                && !t.All(c => Punctuation.Contains(c, StringComparison.Ordinal))
            )
            .Take(Count)
            .Where(t => current.Version != TextAttackVersion.Head || t.Any(char.IsAsciiLetter));
    }
}
