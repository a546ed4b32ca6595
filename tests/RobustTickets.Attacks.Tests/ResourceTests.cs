using System.IO.Compression;
using System.Text;
using RobustTickets.Attacks.Resources;
using RobustTickets.Testing;
using Xunit;

namespace RobustTickets.Attacks.Tests;

/// <summary>
/// Resource files: formats, neighbours against the slow reference, refusals by name, and what a
/// recipe says about what it lacks.
/// </summary>
public sealed class ResourceTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("attack-resources").FullName;

    public void Dispose() => Directory.Delete(_folder, true);

    [SkippableFact]
    public void All_vector_formats_hold_the_same_vectors()
    {
        const string rows = "cat 1 2 3\ndog 0.5 -1e-1 2\nice_cream 3 0 0\n";
        // A binary file's words end at a space, so a phrase takes an underscore.
        var binary = Binary(("cat", [1, 2, 3]), ("dog", [0.5f, -0.1f, 2]), ("ice_cream", [3, 0, 0]));
        var paths = new[]
        {
            Text("a.txt", rows),
            Text("b.txt", "3 3\n" + rows),
            Gzip("c.txt.gz", Encoding.UTF8.GetBytes(rows)),
            Bytes("d.bin", binary),
            Gzip("e.bin.gz", binary),
        };
        foreach (var vectors in paths.Select(path => WordVectorReader.Read(path)))
        {
            Assert.Equal(
                (3, 3, 2, -1),
                (vectors.Count, vectors.Dimension, vectors.IndexOf("ice_cream"), vectors.IndexOf("Cat"))
            );
            Assert.Equal(1 / Math.Sqrt(14), vectors.Cosine(0, 2), 6);
            Assert.Equal((0.5 - 0.2 + 6) / Math.Sqrt(14) / Math.Sqrt(4.26), vectors.Cosine(0, 1), 6);
        }
        // In a text file the numbers stand last, so a word may hold spaces.
        Assert.Equal(1, WordVectorReader.Read(Text("f.txt", "cat 1 2 3\nice cream 3 0 0\n")).IndexOf("ice cream"));
    }

    [SkippableTheory]
    [InlineData("short.txt", "cat 1 2\ndog 1\n", ":2: 1 numbers, the first line has 2")]
    [InlineData("word.txt", "cat 1 x2\n", ":1: 'x2' is not a finite number")]
    [InlineData("inf.txt", "cat 1 Infinity\n", ":1: 'Infinity' is not a finite number")]
    [InlineData("none.txt", "cat\n", ":1: no numbers")]
    [InlineData("empty.txt", "", "no words")]
    [InlineData("header.bin", "three 3\n", "the header should be")]
    [InlineData("cut.bin", "2 2\ncat 12345678", "unexpected end of file in entry 2 of 2")]
    [InlineData("cut2.bin", "1 2\ncat 1234", "unexpected end of file in entry 1 of 1 ('cat')")]
    [InlineData("notzip.txt.gz", "cat 1 2\n", "notzip")]
    [InlineData("fewer.txt", "3 2\ncat 1 2\ndog 1 2\n", ":1: the header says 3 words, but 2 rows follow")]
    [InlineData("more.txt", "1 2\ncat 1 2\ndog 1 2\n", ":1: the header says 1 words, but 2 rows follow")]
    [InlineData("width.txt", "1 2\ncat 1 2 3\n", ":2: 3 numbers, the header says 2")]
    [InlineData("narrow.txt", "1 3\ncat 1 2\n", ":2: 2 numbers, the header says 3")]
    [InlineData("blank.txt", "cat 1 2\n 1 2\n", ":2: the word is blank")]
    [InlineData("space.txt", "cat 1 2\n\u00a0 1 2\n", ":2: the word is blank")]
    [InlineData("blank.bin", "1 2\n 12345678", "entry 1 of 1: the word is blank")]
    [InlineData("more.bin", "1 2\ncat 12345678dog 12345678", "the header says 1 words, but more follow")]
    public void A_malformed_vector_file_is_refused_with_its_place(string name, string content, string message)
    {
        var error = Assert.Throws<DataException>(() => WordVectorReader.Read(Text(name, content)));
        Assert.Contains(name, error.Message, StringComparison.Ordinal);
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [SkippableFact]
    public void Computed_neighbours_equal_the_slow_reference_for_any_blocks()
    {
        var random = new Random(4);
        const int words = 700,
            dimension = 21;
        var numbers = Enumerable.Range(0, words * dimension).Select(_ => (float)random.Next(-3, 4)).ToArray();
        // Copies of one row make exact ties: the lower row comes first.
        Array.Copy(numbers, 0, numbers, 50 * dimension, dimension);
        Array.Copy(numbers, 0, numbers, 60 * dimension, dimension);
        string[] names = [.. Enumerable.Range(0, words).Select(i => $"w{i}")];
        var vectors = new WordVectors(names, numbers, dimension);
        var reference = names.ToDictionary(
            w => w,
            w =>
            {
                var q = vectors.IndexOf(w);
                return Enumerable
                    .Range(0, words)
                    .Where(r => r != q)
                    .OrderByDescending(r => vectors.Cosine(q, r))
                    .ThenBy(r => r)
                    .Take(10)
                    .Select(r => names[r])
                    .ToArray();
            }
        );
        var prepared = new VectorNeighbours(vectors);
        prepared.Prepare([.. names, "unknown"], 10, CancellationToken.None);
        var lazily = new VectorNeighbours(vectors);
        foreach (var w in names)
        {
            Assert.Equal(reference[w], prepared.Nearest(w, 10));
            Assert.Equal(reference[w], lazily.Nearest(w, 10));
        }
        Assert.Equal(["w50", "w60"], prepared.Nearest("w0", 10).Take(2));
        Assert.Empty(prepared.Nearest("unknown", 10));
    }

    [SkippableFact]
    public void A_stored_table_gives_the_computed_neighbours_and_no_other_vectors_take_it()
    {
        var random = new Random(5);
        string Rows(int seed) =>
            string.Concat(
                Enumerable
                    .Range(0, 90)
                    .Select(i => $"w{i} {random.Next(-3, 4)} {random.Next(-3, 4)} {random.Next(1, 4)} {seed}\n")
            );
        var file = Text("v.txt", Rows(1));
        var fresh = LexicalFiles.Read(file, computed: _folder);
        var hash = fresh.Files[0].Sha256;
        var table = Path.Combine(_folder, NeighbourFile.NameFor(hash));
        using (var stream = File.Create(table))
            NeighbourFile.Compute(fresh.Vectors!, hash, 12).Write(stream);
        var stored = LexicalFiles.Read(file, computed: _folder);
        // Fewer than stored, as many, and more (which are computed).
        foreach (var count in new[] { 5, 12, 20 })
        {
            foreach (var word in Enumerable.Range(0, 90).Select(i => $"w{i}"))
                Assert.Equal(fresh.Neighbours.Nearest(word, count), stored.Neighbours.Nearest(word, count));
        }
        // The table is really read: a table of other contents, hash corrected, gives other
        // neighbours. And it changes no setting.
        Assert.Equal(fresh.Files, stored.Files);
        Assert.Equal(fresh.Neighbours.Description, stored.Neighbours.Description);
        var bytes = File.ReadAllBytes(table);
        bytes[60] ^= 1;
        File.WriteAllBytes(table, bytes);
        Assert.Contains(
            "corrupt",
            Assert.Throws<DataException>(() => LexicalFiles.Read(file, computed: _folder)).Message,
            StringComparison.Ordinal
        );
        System.Security.Cryptography.SHA256.HashData(bytes.AsSpan(..^32)).CopyTo(bytes.AsSpan(bytes.Length - 32));
        File.WriteAllBytes(table, bytes);
        var changed = LexicalFiles.Read(file, computed: _folder);
        Assert.Contains(
            Enumerable.Range(0, 90),
            i => !changed.Neighbours.Nearest($"w{i}", 5).SequenceEqual(fresh.Neighbours.Nearest($"w{i}", 5))
        );
        var others = WordVectorReader.Read(Text("u.txt", Rows(2)));
        Assert.Contains(
            "built from word vectors",
            Assert.Throws<DataException>(() => NeighbourFile.Read(table, others, new string('0', 64))).Message,
            StringComparison.Ordinal
        );
        Assert.Empty(LexicalFiles.Read().Neighbours.Nearest("good", 5));
    }

    [SkippableFact]
    public void Computed_neighbours_equal_the_golden_table()
    {
        if (GoldenAttacks.Instance is not { } golden)
        {
            throw Golden.Skip("attacks: toy neighbours");
        }
        var computed = new VectorNeighbours(golden.Vectors);
        var table = File.ReadLines(GoldenAttacks.Resource("toy_neighbours.tsv"))
            .Select(l => l.Split('\t'))
            .ToDictionary(p => p[0], p => p[1].Split(' '));
        computed.Prepare(table.Keys, table.Values.Max(r => r.Length), CancellationToken.None);
        Assert.All(table, row => Assert.Equal(row.Value, computed.Nearest(row.Key, row.Value.Length)));
        // Mutant: the same rows one neighbour further are not equal.
        Assert.Contains(
            table,
            row => !row.Value.SequenceEqual(computed.Nearest(row.Key, row.Value.Length + 1).Skip(1))
        );
    }

    [SkippableFact]
    public void Neighbour_tables_are_read_from_json_and_text()
    {
        var json = NeighbourTable.Read(Text("n.json", """{"good": ["great", "fine", "nice"], "cat": []}"""));
        var text = NeighbourTable.Read(Text("n.tsv", "good\tgreat fine nice\ncat\t\n"));
        foreach (var table in new[] { json, text })
        {
            Assert.Equal((2, 3), (table.Count, table.Longest));
            Assert.Equal(["great", "fine"], table.Nearest("good", 2));
            Assert.Equal(["great", "fine", "nice"], table.Nearest("good", 50));
            Assert.Empty(table.Nearest("cat", 5));
            Assert.Empty(table.Nearest("dog", 5));
        }
        Assert.Contains(
            "word 'good'",
            Assert.Throws<DataException>(() => NeighbourTable.Read(Text("m.json", """{"good": [1]}"""))).Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "root",
            Assert.Throws<DataException>(() => NeighbourTable.Read(Text("k.json", "[]"))).Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "cut.json",
            Assert.Throws<DataException>(() => NeighbourTable.Read(Text("cut.json", "{\"a\": ["))).Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            ":1:",
            Assert.Throws<DataException>(() => NeighbourTable.Read(Text("x.tsv", "good great\n"))).Message,
            StringComparison.Ordinal
        );
    }

    [SkippableFact]
    public void Missing_resources_are_refused_or_named()
    {
        Assert.Contains(
            "neighbour table",
            Assert
                .Throws<MissingResourceException>(() =>
                    AttackRecipe.TextBugger(new ResourceFiles(Folder: new ResourceFolder(_folder))).Check(null)
                )
                .Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "no file",
            Assert.Throws<DataException>(() => LexicalFiles.Read("/nowhere.txt")).Message,
            StringComparison.Ordinal
        );
        var table = Text("n.json", """{"good": ["great"]}""");
        Assert.Contains(
            "tagger",
            Assert.Throws<DataException>(() => LexicalFiles.Read(null, table, null, Text("t.json", "{}"))).Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "no words",
            Assert.Throws<DataException>(() => LexicalFiles.Read(null, table, Text("s.txt", "\n"))).Message,
            StringComparison.Ordinal
        );
        var resources = LexicalFiles.Read(null, table);
        Assert.Equal(["neighbours", "stop-words"], resources.Files.Select(f => f.Kind));
        Assert.Equal(64, resources.Files[0].Sha256.Length);
        var attack = AttackRecipe.TextFooler(resources).Build();
        Assert.Empty(attack.Constraints);
        string Line(string item) => attack.Lines.Single(l => l.Item == item).Source;
        Assert.Equal("no word vectors given", Line("word cosine"));
        Assert.Equal("no tagger given", Line("part of speech"));
        Assert.Equal("no sentence encoder given", Line("sentence similarity"));
    }

    [Fact]
    public void Paths_of_a_folder_resource_are_the_same_on_every_system()
    {
        // As Windows separates a relative path.
        Assert.Equal("wordnet/sub/a.txt", ResourceFolder.WithSlashes(@"wordnet\sub\a.txt", '\\'));
        Assert.Equal("sub/a.txt", ResourceFolder.WithoutTop("wordnet/sub/a.txt"));
        Assert.Equal("a.txt", ResourceFolder.WithoutTop("a.txt"));
        Directory.CreateDirectory(Path.Combine(_folder, "whole", "sub"));
        Text("whole/b.txt", "b");
        Text("whole/sub/a.txt", "a");
        var folder = Path.Combine(_folder, "whole");
        Assert.Equal(["whole/b.txt", "whole/sub/a.txt"], ResourceFolder.FilesOf(folder).Select(f => f.Name));
        var (a, b) = (Sum("a"), Sum("b"));
        var hash = Sum($"{b}  b.txt\n{a}  sub/a.txt\n");
        Assert.Equal(hash, ResourceFolder.Hash(folder));

        // What file browsers and tools leave is no part of it; a hidden folder may be named itself.
        Directory.CreateDirectory(Path.Combine(folder, ".cache"));
        foreach (var name in new[] { ".DS_Store", "sub/._a.txt", "sub/Thumbs.db", "desktop.ini", ".cache/c" })
            Text($"whole/{name}", "x");
        Assert.Equal(hash, ResourceFolder.Hash(folder));
        Assert.Equal(["whole/b.txt", "whole/sub/a.txt"], ResourceFolder.FilesOf(folder).Select(f => f.Name));
        Assert.Equal([".cache/c"], ResourceFolder.FilesOf(Path.Combine(folder, ".cache")).Select(f => f.Name));

        static string Sum(string text) =>
            Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(Encoding.UTF8.GetBytes(text)));
    }

    [Fact]
    public void The_folder_of_a_user_is_that_of_a_variable_or_of_XDG_or_of_the_system()
    {
        Assert.Equal(Path.GetFullPath("own"), Of(("HERE", "own"), ("XDG_DATA_HOME", _folder)));
        Assert.Equal(Path.Combine(_folder, "robust-tickets", "models"), Of(("XDG_DATA_HOME", _folder)));
        foreach (var ignored in new[] { "", "relative/share" })
            Assert.Equal(Path.Combine("local", "robust-tickets", "models"), Of(("XDG_DATA_HOME", ignored)));
        Assert.Equal(Path.Combine("local", "robust-tickets", "models"), Of(("HERE", "")));

        static string Of(params (string Name, string Value)[] set) =>
            UserFolder.Of("HERE", "models", name => set.FirstOrDefault(s => s.Name == name).Value, "local");
    }

    [SkippableFact]
    public void TextFooler_has_its_published_numbers_when_all_is_given()
    {
        var vectors = Text("v.txt", "good 1 0\ngreat 0.9 0.1\nbad -1 0\n");
        var tagger = Text(
            "t.json",
            """{"classes": ["JJ", "NN"], "tagdict": {"good": "JJ"}, "weights": {"bias": {"JJ": 1.0}}}"""
        );
        var attack = AttackRecipe
            .TextFooler(LexicalFiles.Read(vectors, taggerFile: tagger) with { Encoder = new HashEncoder() })
            .Build();
        Assert.Equal(["word-cosine", "part-of-speech", "sentence-similarity"], attack.Constraints.Select(c => c.Name));
        Assert.Equal(["no-repeat", "stop-words", "frozen-premise"], attack.Positions.Select(p => p.Name));
        Assert.Contains(
            attack.Lines,
            l =>
                l.Value.Contains("angular >= 0.840845057, window 15", StringComparison.Ordinal)
                && l.Source.Contains("textfooler_jin_2019", StringComparison.Ordinal)
        );
        // "bad" is a neighbour of "good" in this tiny space, but its cosine is -1: only "great" may
        // replace it.
        var outcome = GoldenAttacks.Run(attack, new WordVictim("great"), [new Example("x", "A good film", 0)]).Single();
        Assert.Equal((AttackResult.Success, "A great film"), (outcome.Result, outcome.Perturbed[0].Value));
        Assert.Equal(
            new ConstraintCount("word-cosine", 2, 1),
            outcome.Constraints.Single(c => c.Name == "word-cosine")
        );
        var authorsCode = AttackRecipe
            .BertAttackAuthorsCode(LexicalFiles.Read(vectors) with { Encoder = new HashEncoder() })
            .Build();
        Assert.Equal(["sentence-similarity"], authorsCode.Constraints.Select(c => c.Name));
    }

    [SkippableFact]
    public void The_real_counter_fitted_tables_are_read()
    {
        var folder = Golden.Shared is { } shared ? Path.Combine(shared, "data", "word_vectors") : "";
        var tables = Directory.Exists(folder) ? Directory.GetFiles(folder, "counterfitted*.json") : [];
        if (tables.Length == 0)
        {
            throw Golden.Skip("attacks: counter-fitted neighbour tables");
        }
        foreach (var path in tables)
        {
            var table = NeighbourTable.Read(path);
            Assert.True(table.Count > 10_000);
            Assert.Contains("film", table.Nearest("movie", 50));
        }
    }

    [SkippableFact]
    public void The_built_in_stop_words_are_function_words()
    {
        Assert.InRange(StopWords.English.Count, 150, 350);
        Assert.All(["the", "of", "don't", "herself"], w => Assert.True(StopWords.English.Contains(w)));
        Assert.All(["good", "film", "The"], w => Assert.False(StopWords.English.Contains(w)));
    }

    private string Text(string name, string content) => Bytes(name, Encoding.UTF8.GetBytes(content));

    private string Bytes(string name, byte[] content)
    {
        var path = Path.Combine(_folder, name);
        File.WriteAllBytes(path, content);
        return path;
    }

    private string Gzip(string name, byte[] content)
    {
        var path = Path.Combine(_folder, name);
        using var zip = new GZipStream(File.Create(path), CompressionLevel.Fastest);
        zip.Write(content);
        return path;
    }

    private static byte[] Binary(params (string Word, float[] Vector)[] rows)
    {
        using var stream = new MemoryStream();
        stream.Write(Encoding.UTF8.GetBytes($"{rows.Length} {rows[0].Vector.Length}\n"));
        foreach (var (word, vector) in rows)
        {
            stream.Write(Encoding.UTF8.GetBytes(word + " "));
            foreach (var x in vector)
                stream.Write(BitConverter.GetBytes(x));
            stream.WriteByte((byte)'\n');
        }
        return stream.ToArray();
    }

    // Class 1 exactly when the word is there.
    private sealed class WordVictim(string word) : IVictim
    {
        public int ClassCount => 2;

        public double[][] Predict(IReadOnlyList<TextPair> inputs) =>
            [.. inputs.Select(i => i.First.Contains(word, StringComparison.Ordinal) ? new[] { 0.2, 0.8 } : [0.8, 0.2])];
    }
}
