// Text files as masked-language-model examples: 15 % of the word pieces are chosen; of these 80 %
// become [MASK], 10 % a random word piece, 10 % stay (BERT, section 3.1). Choices are keyed by
// (seed, epoch, example, token); static masking keys every epoch alike.
using RobustTickets.Attacks;
using RobustTickets.Attacks.Tokens;
using RobustTickets.Kernels.Randomness;
using RobustTickets.Models;
using RobustTickets.Objectives;

namespace RobustTickets.Pretraining;

/// <summary>How masks change over the epochs.</summary>
public enum MaskingMode
{
    /// <summary>New choices each epoch (RoBERTa).</summary>
    Dynamic,

    /// <summary>The same choices each epoch (BERT).</summary>
    Static,
}

/// <summary>A tokenised corpus, one example a line, long lines cut into several.</summary>
internal sealed class MaskedCorpus
{
    private const uint Chosen = 0,
        Kind = 1,
        Replacement = 2;
    private readonly List<int[]> _examples = [];
    private readonly WordPieceTokenizer _tokenizer;

    private MaskedCorpus(WordPieceTokenizer tokenizer) => _tokenizer = tokenizer;

    /// <summary>Number of examples.</summary>
    public int Count => _examples.Count;

    /// <summary>Word pieces over all examples, special tokens included.</summary>
    public long Tokens => _examples.Sum(e => (long)e.Length);

    /// <summary>Word pieces of each text.</summary>
    internal IEnumerable<int> Lengths => _examples.Select(e => e.Length);

    /// <summary>Reads and tokenises files; empty lines are passed over.</summary>
    /// <exception cref="DataException">A file is missing, or there is no text at all.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="maxLength"/> leaves no room
    /// between [CLS] and [SEP].</exception>
    public static MaskedCorpus Read(IReadOnlyList<string> files, WordPieceTokenizer tokenizer, int maxLength)
    {
        if (maxLength < 3)
            throw new ArgumentOutOfRangeException(
                nameof(maxLength),
                maxLength,
                "an example has at least 3 word pieces: [CLS], one of its own, [SEP]"
            );
        var corpus = new MaskedCorpus(tokenizer);
        foreach (var file in files)
        {
            if (!File.Exists(file))
                throw new DataException($"{file}: no such corpus file");
            foreach (var line in File.ReadLines(file))
            {
                var pieces = tokenizer.TokenIds(line);
                for (var first = 0; first < pieces.Length; first += maxLength - 2)
                {
                    corpus._examples.Add([
                        tokenizer.ClsId,
                        .. pieces.AsSpan(first, Math.Min(maxLength - 2, pieces.Length - first)),
                        tokenizer.SepId,
                    ]);
                }
            }
        }
        if (corpus.Count == 0)
            throw new DataException($"{string.Join(", ", files)}: no line holds any text");
        return corpus;
    }

    /// <summary>
    /// Masks the examples of a batch. [CLS] and [SEP] are never chosen, also where a text spells
    /// them out.
    /// </summary>
    /// <param name="indices">Which examples.</param>
    /// <param name="key">Key of the epoch's choices.</param>
    /// <param name="fraction">Share of word pieces to predict.</param>
    public MaskedBatch Mask(ReadOnlySpan<int> indices, RandomKey key, double fraction)
    {
        var examples = new EncodedExample[indices.Length];
        var (rows, targets) = (new List<long>(), new List<long>());
        var row = 0;
        for (var b = 0; b < indices.Length; b++)
        {
            var original = _examples[indices[b]];
            var ids = (int[])original.Clone();
            var example = key.Derive((long)indices[b]);
            for (var i = 0; i < ids.Length; i++, row++)
            {
                if (ids[i] == _tokenizer.ClsId || ids[i] == _tokenizer.SepId)
                    continue;
                var token = example.Derive((long)i);
                if (token.Uniform(Chosen) >= fraction)
                    continue;
                rows.Add(row);
                targets.Add(ids[i]);
                var kind = token.Uniform(Kind);
                if (kind < 0.8f)
                    ids[i] = _tokenizer.MaskId;
                else if (kind < 0.9f)
                    ids[i] = token.Below(Replacement, _tokenizer.Vocabulary.Count);
            }
            examples[b] = new EncodedExample(indices[b], ids, new int[ids.Length], -1);
        }
        return new MaskedBatch(PackedBatch.From(examples), [.. rows], [.. targets]);
    }
}
