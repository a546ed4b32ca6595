using RobustTickets.Attacks.Constraints;
using RobustTickets.Attacks.Goals;
using RobustTickets.Attacks.Python;
using RobustTickets.Attacks.Resources;
using RobustTickets.Attacks.Searches;
using RobustTickets.Attacks.Transformations;
using RobustTickets.Testing;
using Xunit;

namespace RobustTickets.Attacks.Tests;

/// <summary>
/// 20,000 random Unicode strings through the text object and every transformation there is: nothing
/// throws, and the bookkeeping of every checked candidate is that of a
/// text made afresh. A transformation that is not in the list below fails the first test.
/// </summary>
public sealed class TransformationFuzzTests : IDisposable
{
    private const int Strings = 20_000;
    private static readonly TextAttackVersion[] Versions =
    [
        TextAttackVersion.V034,
        TextAttackVersion.Head,
        TextAttackVersion.V030,
    ];
    private readonly string _folder = Directory.CreateTempSubdirectory("fuzz").FullName;

    public void Dispose() => Directory.Delete(_folder, true);

    [Fact]
    public void Every_transformation_is_fuzzed()
    {
        var known = All(TextAttackVersion.V034).SelectMany(Parts).Select(t => t.GetType()).ToHashSet();
        var concrete = typeof(Transformation)
            .Assembly.GetTypes()
            .Where(t => t.IsSubclassOf(typeof(Transformation)) && !t.IsAbstract);
        Assert.Empty(concrete.Where(t => !known.Contains(t)).Select(t => t.Name));
    }

    [Fact]
    public void Random_texts_go_through_the_text_object_and_every_transformation()
    {
        var byVersion = Versions.ToDictionary(v => v, v => All(v).ToList());
        var made = byVersion[TextAttackVersion.V034].ToDictionary(t => t.Name + t.GetHashCode(), _ => 0);
        var names = made.Keys.ToList();
        var random = new Random(20_000);
        var stream = new StreamPerExample(1).Begin()("fuzz");
        for (var n = 0; n < Strings; n++)
        {
            var version = Versions[
                n % 8 == 7 ? 2
                : n % 3 == 0 ? 1
                : 0
            ];
            var content =
                n % 5_000 == 4_999 ? RandomUnicode.LongWord(random, 10_000)
                : n == 0 ? ""
                : RandomUnicode.Text(random, 24);
            var columns = new List<KeyValuePair<string, string>> { new("a", content) };
            if (n % 5 == 4)
                columns.Add(new("b", RandomUnicode.Text(random, 12)));
            var text = AttackedText.Create(columns, version);
            CheckText(text);
            if (text.Words.Count == 0)
                continue;
            for (var t = 0; t < names.Count; t++)
            {
                int[] positions = [random.Next(text.Words.Count)];
                var found = Candidates(byVersion[version][t], text, positions, stream);
                made[names[t]] += found.Count;
                if (found.Count > 0)
                    CheckCandidate(text, positions[0], found[random.Next(found.Count)].Text);
            }
        }
        // A transformation that made next to nothing was not tested.
        Assert.All(made, m => Assert.True(m.Value > 300, $"{m.Key}: {m.Value} candidates"));
    }

    [Fact]
    public void Whole_attacks_on_random_texts_end()
    {
        var random = new Random(77);
        var resources = new AttackParts(
            MadeUp.Neighbours,
            MadeUp.StopWords,
            Encoder: new HashEncoder(),
            WordNet: WordNet.Read(TinyWordNet.Write(_folder))
        );
        List<Example> inputs =
        [
            .. Enumerable
                .Range(0, 240)
                .Select(i =>
                    i % 4 == 3
                        ? new Example(
                            $"p{i}",
                            [
                                new("premise", RandomUnicode.Text(random, 12)),
                                new("hypothesis", RandomUnicode.Text(random, 12)),
                            ],
                            i % 2
                        )
                        : new Example(
                            $"t{i}",
                            i == 0 ? ""
                                : i == 1 ? RandomUnicode.LongWord(random, 2_000)
                                : RandomUnicode.Text(random, 16),
                            i % 2
                        )
                ),
        ];
        foreach (var version in Versions)
        {
            var options = new AttackOptions(Version: version, Precision: ScorePrecision.Double);
            Attack[] attacks =
            [
                AttackRecipe.TextBugger(resources, options with { SimilarityThreshold = 0.6 }).Build(),
                AttackRecipe.DeepWordBug(resources, options).Build(),
                AttackRecipe.Pwws(resources, options).Build(),
                MadeUp.Attack(version: version) with
                {
                    Transformation = TextBuggerRecipe.Transformation(MadeUp.Neighbours),
                    Search = new BeamSearch(2),
                    Positions = [new NoRepeat(), new MaxModificationRate(0.3, 1)],
                },
            ];
            foreach (var attack in attacks)
            {
                var outcomes = GoldenAttacks.Run(attack, new HashVictim(), inputs);
                Assert.Equal(inputs.Select(i => i.Id), outcomes.Select(o => o.Id));
                Assert.All(outcomes, o => Assert.InRange(o.UniqueForwards, 1, o.Queries));
                // Each of the three results, or these texts test too little.
                Assert.Equal(3, outcomes.Select(o => o.Result).Distinct().Count());
            }
        }
    }

    // New transformations go here.
    private IEnumerable<Transformation> All(TextAttackVersion version)
    {
        var neighbours = new NeighbourTable(
            new Dictionary<string, string[]>
            {
                ["word"] = ["term", "two words", "-", "\u05d0\u05d1", "WORD", "S"],
                ["it's"] = ["'tis", "it", "<SPLIT>"],
                ["7"] = ["\U0001d7d5"],
                ["i"] = ["we"],
                ["caf\u00e9"] = ["bar\u0301"],
            }
        );
        var model = new ToyMaskedLanguageModel([
            "[PAD]",
            "[UNK]",
            "[CLS]",
            "[SEP]",
            "[MASK]",
            "word",
            "##s",
            "it",
            ".",
            "-",
            "caf\u00e9",
            "##'",
            "\u4e2d",
            "a",
            "##a",
            "i",
            "##-",
        ]);
        yield return CharacterInsertion.Space();
        yield return CharacterInsertion.Space(randomPlace: false);
        yield return new CharacterInsertion();
        yield return new CharacterDeletion();
        yield return new CharacterDeletion(false, true, true);
        yield return new CharacterSubstitution();
        yield return new NeighbourSwap();
        yield return new NeighbourSwap(false, true, true);
        yield return new HomoglyphSwap();
        yield return new KeyboardSwap();
        yield return new EmbeddingSwap(neighbours, 5);
        yield return new HeldOutSwap(new EmbeddingSwap(neighbours, 5), 0.3);
        yield return new WordNetSwap(WordNet.Read(TinyWordNet.Write(_folder)), version);
        yield return TextBuggerRecipe.Transformation(neighbours);
        yield return DeepWordBugRecipe.Transformation();
        yield return new BertAttackSwap(model, 6);
        yield return new BaeSwap(model, 6, 0);
    }

    private static IEnumerable<Transformation> Parts(Transformation t) =>
        t is CompositeSwap c ? c.Parts.Append(t) : [t];

    private static List<Candidate> Candidates(
        Transformation transformation,
        AttackedText text,
        IReadOnlyList<int> positions,
        IRandomSource stream
    )
    {
        var found = new List<Candidate>();
        foreach (var request in transformation.Apply(text, positions, found))
        {
            if (request is RandomRequest random)
                random.Answer(stream);
            else if (request is PredictRequest predict)
                predict.Answers = predict.Model.Predict(predict.Questions);
            else
                Assert.Fail($"{transformation.Name} asks for a {request.GetType().Name}");
        }
        return found;
    }

    private static void CheckText(AttackedText text)
    {
        Assert.Equal(text.Words.Count, text.WordsPerColumn().Sum());
        Assert.Empty(text.Modified);
        foreach (var word in text.Words)
        {
            // A word cut again is itself; restoring its own case, or another word's twice, changes
            // nothing more.
            if (!WordSplitter.IsOneWord(word, text.Version))
                Assert.Fail($"'{word}' of '{text}' is not one word");
            var restored = LetterCase.Restore(word, text.Words[0]);
            if (LetterCase.Restore(restored, text.Words[0]) != restored)
                Assert.Fail($"case of '{word}' after '{text.Words[0]}' twice");
        }
    }

    private static void CheckCandidate(AttackedText text, int position, AttackedText made)
    {
        var what = $"'{text}' [{position}] -> '{made}'";
        var fresh = AttackedText.Create(
            [.. made.ColumnNames.Zip(made.Columns, (n, c) => new KeyValuePair<string, string>(n, c))],
            made.Version
        );
        if (!fresh.Words.SequenceEqual(made.Words))
            Assert.Fail($"{what}: {string.Join('|', made.Words)} vs {string.Join('|', fresh.Words)}");
        if (fresh.WordsPerColumn().Sum() != made.Words.Count)
            Assert.Fail($"{what}: words per column");
        // A marker of columns in the text, made by an edit ("<SPLSIT>" less a letter) or brought by
        // a substitute ("it's" has one here), cuts the text anew up to 0.3.4.
        var marked =
            text.Text.Contains("<SPL", StringComparison.Ordinal) || PythonText.Lower(text.Words[position]) == "it's";
        if (
            text.IsDamaged
            || made.Columns.Count < text.Columns.Count
            || (marked && text.Version != TextAttackVersion.Head)
        )
            return;
        // One edit: as many positions are new as words came, all of them marked, none beyond the
        // end; the other words moved along.
        var added = made.Words.Count - text.Words.Count + 1;
        if (
            !made.NewPositions.SequenceEqual(Enumerable.Range(position, added))
            || !made.Modified.SequenceEqual(made.NewPositions)
        )
            Assert.Fail($"{what}: marks {string.Join(',', made.Modified)}");
        // What is left of a word may be no word ("½*" less its first character) and then prolongs
        // the word before it, as in TextAttack: a space goes with every word.
        if (added < 1)
            return;
        if (
            !made.Words.Take(position).SequenceEqual(text.Words.Take(position))
            || !made.Words.Skip(position + added).SequenceEqual(text.Words.Skip(position + 1))
        )
            Assert.Fail($"{what}: other words");
        // Putting the word that stands there in its own place again changes nothing and marks
        // nothing; doing the edit again gives the same text.
        if (added != 1 || made.IsDamaged)
            return;
        var again = made.Replace(position, made.Words[position]);
        if (
            !again.Columns.SequenceEqual(made.Columns)
            || again.NewPositions.Count > 0
            || !again.Modified.SequenceEqual(made.Modified)
        )
            Assert.Fail($"{what}: twice is not once");
        // There and back, when the edit was no more than this word in the place of the other.
        var whole = made.Text.Length - text.Text.Length == made.Words[position].Length - text.Words[position].Length;
        if (whole && !made.Replace(position, text.Words[position]).Columns.SequenceEqual(text.Columns))
            Assert.Fail($"{what}: there and back");
    }
}
