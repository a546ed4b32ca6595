using System.IO.Compression;
using System.Text;
using System.Text.Json.Nodes;
using RobustTickets.Attacks;
using RobustTickets.Attacks.Resources;
using RobustTickets.Attacks.Resources.Building;
using RobustTickets.Cli;
using RobustTickets.Pipeline;
using RobustTickets.Testing;
using Xunit;

namespace RobustTickets.Tests.Cli;

/// <summary>Resources made on the spot, and taken in as their authors distribute them.</summary>
[Collection("environment")]
public sealed class ResourcesBuildTests : IDisposable
{
    private const string Treebank = "1\tthe\t_\t_\tDT\t_\t_\t_\t_\t_\n2\trun\t_\t_\tNN\t_\t_\t_\t_\t_\n\n";

    private readonly string _folder = Directory.CreateTempSubdirectory("resources").FullName;
    private readonly string _source = Directory.CreateTempSubdirectory("source").FullName;
    private readonly string? _before = Environment.GetEnvironmentVariable(ResourceFolder.Variable);

    public ResourcesBuildTests() => Environment.SetEnvironmentVariable(ResourceFolder.Variable, _folder);

    public void Dispose()
    {
        Environment.SetEnvironmentVariable(ResourceFolder.Variable, _before);
        Directory.Delete(_folder, recursive: true);
        Directory.Delete(_source, recursive: true);
    }

    private string Source(string name, string text)
    {
        var path = Path.Combine(_source, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
        return path;
    }

    private string Zip(string name, params (string Name, string Text)[] entries)
    {
        var path = Path.Combine(_source, name);
        using var archive = ZipFile.Open(path, ZipArchiveMode.Create);
        foreach (var (entry, text) in entries)
        {
            using var stream = archive.CreateEntry(entry).Open();
            stream.Write(Encoding.UTF8.GetBytes(text));
        }
        return path;
    }

    [Fact]
    public void The_library_builds_imports_and_verifies()
    {
        var (folder, kind) = (new ResourceFolder(_folder), ResourceKinds.TryFind("tagger")!);
        var (treebank, file) = (Source("one.conllu", Treebank), Path.Combine(_source, "tagger.json"));
        var options = new TaggerOptions(Iterations: 0);
        var refused = Assert.Throws<RequestException>(() =>
            ResourceBuild.Tagger(treebank, null, options, new BuildTarget(folder))
        );
        Assert.Equal(("Iterations", "0"), (refused.Field, refused.Value));
        List<BuildProgress> seen = [];
        var built = ResourceBuild.Tagger(
            treebank,
            treebank,
            options with
            {
                Iterations = 2,
            },
            new BuildTarget(folder, file),
            new SyncProgress<BuildProgress>(seen.Add)
        );
        Assert.Equal((2, 1.0), (seen.Count, built.Figures.Single().Value));
        var taken = ResourceImport.Import(folder, kind, file);
        Assert.Equal(built.Hash, taken.Hash);

        using var models = new AttackModels();
        ResourceVerification Verified() =>
            ResourceVerification.Of(folder.Find(kind)!, folder, folder.DemandedHashes(), models);
        Assert.Equal((true, null, taken.Content), (Verified().Demanded, Verified().Problem, Verified().Content));
        File.AppendAllText(taken.Resource.Path, " ");
        Assert.Contains("SHA256SUMS expects", Verified().Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Built_vectors_are_found_by_attacks_and_can_be_precomputed()
    {
        var wordNet = TinyWordNet.Write(Path.Combine(_source, "wordnet"));
        var vectors = Source("any.txt", "big 1 0 0\nlarge 0 1 0\nwife 0 0 1\n");
        var rated = Source("rated.txt", "big\tlarge\t9\nbig\twife\t1\n");
        var built = CliRun.Of([
            "resources",
            "build",
            "word-vectors",
            "--from",
            vectors,
            "--wordnet",
            wordNet,
            "--evaluate",
            rated,
            "--json",
        ]);
        Assert.True(built.Code == 0, built.Error);
        var json = JsonNode.Parse(built.Out)!;
        Assert.Equal(Path.Combine(_folder, "counter-fitted-vectors.bin"), (string)json["file"]!);
        Assert.Equal(1.0, (double)json["figures"]![1]!["value"]!, 9);
        Assert.Equal(0, CliRun.Of("resources", "verify").Code);
        Assert.Equal(0, CliRun.Of("resources", "precompute").Code);
        var again = CliRun.Of("resources", "build", "word-vectors", "--from", vectors, "--wordnet", wordNet);
        Assert.Equal(ExitCodes.Usage, again.Code);
        Assert.Contains("--replace", again.Error);
    }

    [Fact]
    public void Vectors_without_a_pair_of_WordNet_are_refused()
    {
        var wordNet = TinyWordNet.Write(Path.Combine(_source, "wordnet"));
        var run = CliRun.Of(
            "resources",
            "build",
            "word-vectors",
            "--from",
            Source("v.txt", "qq 1 0\nzz 0 1\n"),
            "--wordnet",
            wordNet
        );
        Assert.Equal(ExitCodes.Data, run.Code);
        Assert.Contains("no two of its 2 words", run.Error);
        Assert.Empty(Directory.GetFiles(_folder));
    }

    [Fact]
    public void A_built_tagger_is_measured_and_written_where_it_is_asked_for()
    {
        var treebank = Source("t.conllu", Treebank);
        var file = Path.Combine(_source, "tagger.json");
        var built = CliRun.Of(
            "resources",
            "build",
            "tagger",
            "--conllu",
            treebank,
            "--evaluate",
            treebank,
            "--out",
            file
        );
        Assert.True(built.Code == 0, built.Error);
        Assert.Contains("accuracy 1.0000 (2 of 2 words)", built.Out);
        Assert.Equal(["DT", "NN"], PerceptronTagger.Read(file).Tag(["the", "run"]));
    }

    [Fact]
    public void The_tag_map_is_taken_out_of_its_archive()
    {
        var zip = Zip(
            "universal_tagset.zip",
            ("universal_tagset/README", "maps"),
            ("universal_tagset/de-tiger.map", "NN\tNOUN\n"),
            ("universal_tagset/en-ptb.map", "VB\tVERB\n")
        );
        Assert.Equal(0, CliRun.Of("resources", "import", "tag-map", zip).Code);
        Assert.Equal("VB\tVERB\n", File.ReadAllText(Path.Combine(_folder, "en-ptb.map")));
    }

    [Fact]
    public void The_english_stop_words_are_taken_out_of_NLTKs_archive()
    {
        var zip = Zip(
            "stopwords.zip",
            ("stopwords/README", "lists"),
            ("stopwords/german", "der\ndie\n"),
            ("stopwords/english", "i\nme\n"),
            ("stopwords/hinglish", "a\n")
        );
        var imported = CliRun.Of("resources", "import", "nltk-stop-words", zip);
        Assert.True(imported.Code == 0, imported.Error);
        Assert.Equal("i\nme\n", File.ReadAllText(Path.Combine(_folder, "nltk-stop-words.txt")));
        Assert.Equal(0, CliRun.Of("resources", "verify").Code);
        // Without the English list nobody knows which is meant.
        var other = Zip("other.zip", ("stopwords/german", "der\n"), ("stopwords/french", "le\n"));
        var refused = CliRun.Of("resources", "import", "nltk-stop-words", other, "--replace");
        Assert.Equal(ExitCodes.Data, refused.Code);
        Assert.Contains("stopwords/german", refused.Error);
    }

    [Fact]
    public void WordNet_is_taken_out_of_its_archive()
    {
        var folder = TinyWordNet.Write(Path.Combine(_source, "wordnet"));
        var files = Directory.GetFiles(folder).Select(f => ($"wordnet/{Path.GetFileName(f)}", File.ReadAllText(f)));
        var zip = Zip("wordnet.zip", [("wordnet/README", "a database"), .. files]);
        var imported = CliRun.Of("resources", "import", "wordnet", zip);
        Assert.True(imported.Code == 0, imported.Error);
        foreach (var file in Directory.GetFiles(folder))
            Assert.Equal(
                File.ReadAllBytes(file),
                File.ReadAllBytes(Path.Combine(_folder, "wordnet", Path.GetFileName(file)))
            );
        Assert.Equal(0, CliRun.Of("resources", "verify").Code);

        // What lies elsewhere in the archive is not written there.
        var climbing = Zip("climbing.zip", [("../../data.noun", "x"), .. files]);
        var refused = CliRun.Of("resources", "import", "wordnet", climbing, "--replace");
        Assert.Equal(ExitCodes.Data, refused.Code);
        Assert.Contains("its files are in 2 folders", refused.Error);
        var cut = Path.Combine(_source, "cut.zip");
        File.WriteAllBytes(cut, File.ReadAllBytes(zip)[..^60]);
        refused = CliRun.Of("resources", "import", "wordnet", cut, "--replace");
        Assert.Equal(ExitCodes.Data, refused.Code);
        Assert.Contains("damaged zip", refused.Error);
        Assert.Equal(0, CliRun.Of("resources", "verify").Code);
    }

    [Theory]
    [InlineData("counter-fitted-vectors.txt", "counter-fitted-vectors.txt")]
    [InlineData("counter-fitted-vectors.txt.gz", "counter-fitted-vectors.txt.gz")]
    [InlineData("any.gz", "word-vectors.txt.gz")]
    public void Vectors_are_taken_plain_and_packed(string name, string copy)
    {
        var source = Path.Combine(_source, name);
        using (var file = File.Create(source))
        using (
            var packed = name.EndsWith(".gz", StringComparison.Ordinal)
                ? new GZipStream(file, CompressionLevel.Fastest)
                : (Stream)file
        )
            packed.Write("good 1 0\nfine 0.9 0.1\n"u8);
        var imported = CliRun.Of("resources", "import", "word-vectors", source);
        Assert.True(imported.Code == 0, imported.Error);
        Assert.Equal(File.ReadAllBytes(source), File.ReadAllBytes(Path.Combine(_folder, copy)));
        Assert.Equal(0, CliRun.Of("resources", "verify").Code);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void The_three_files_of_NLTKs_tagger_become_one(bool packed)
    {
        (string, string)[] parts =
        [
            ("eng/eng.classes.json", """["DT","NN"]"""),
            ("eng/eng.tagdict.json", """{"the":"DT"}"""),
            ("eng/eng.weights.json", """{"bias":{"NN":1.0}}"""),
        ];
        foreach (var (name, text) in parts)
            Source(name, text);
        var source = packed ? Zip("eng.zip", parts) : Path.Combine(_source, "eng");
        var imported = CliRun.Of("resources", "import", "tagger", source);
        Assert.True(imported.Code == 0, imported.Error);
        var tagger = PerceptronTagger.Read(Path.Combine(_folder, "perceptron_tagger.json"));
        Assert.Equal(["DT", "NN"], tagger.Tag(["the", "run"]));
    }

    [Fact]
    public void A_copy_is_named_by_what_it_is()
    {
        var glove = Source("glove.vec", "good 1 0\nfine 0.9 0.1\n");
        Assert.Equal(0, CliRun.Of("resources", "import", "word-vectors", glove).Code);
        Assert.True(File.Exists(Path.Combine(_folder, "word-vectors.txt")));
        var fitted = Zip("counter-fitted-vectors.txt.zip", ("counter-fitted-vectors.txt", "good 1 0\nbad 0 1\n"));
        var imported = CliRun.Of("resources", "import", "word-vectors", fitted, "--replace");
        Assert.True(imported.Code == 0, imported.Error);
        Assert.Equal(
            ["SHA256SUMS", "counter-fitted-vectors.txt"],
            Directory.GetFiles(_folder).Select(Path.GetFileName).Order(StringComparer.Ordinal)
        );
    }

    [Fact]
    public void A_binary_file_is_never_printed()
    {
        var pickle = Path.Combine(_source, "averaged_perceptron_tagger.pickle");
        File.WriteAllBytes(pickle, [0x80, 2, 0x28, 0x7d, 7, 0x1b, 0x5b, 0x32, 0x4a]);
        foreach (var kind in ResourceKinds.All.Where(k => !k.IsFolder))
        {
            var run = CliRun.Of("resources", "import", kind.Kind, pickle);
            Assert.Equal(ExitCodes.Data, run.Code);
            Assert.DoesNotContain(run.Error, c => char.IsControl(c) && c != '\n');
        }
    }

    [Fact]
    public void The_list_tells_size_and_hash_of_published_files()
    {
        var list = JsonNode.Parse(CliRun.Of("resources", "list", "--json").Out)!.AsArray();
        var map = list.Single(n => (string)n!["kind"]! == "tag-map")!["published"]![0]!;
        Assert.Equal(("universal_tagset.zip", 19095L), ((string)map["file"]!, (long)map["bytes"]!));
        foreach (var file in list.SelectMany(n => n!["published"]!.AsArray()))
        {
            Assert.StartsWith("https://", (string)file!["address"]!, StringComparison.Ordinal);
            // Size and hash are pinned together, or not at all.
            Assert.Equal(file["bytes"] is null, file["sha256"] is null);
            Assert.Matches("^[0-9a-f]{64}$", (string?)file["sha256"] ?? new string('0', 64));
        }
        Assert.All(list, n => Assert.NotEmpty(n!["published"]!.AsArray()));
        Assert.Contains("size and sha256 not pinned", CliRun.Of("resources", "list").Out);
    }

    [Fact]
    public void Without_resources_the_default_attack_says_what_textfooler_lacks()
    {
        var run = CliRun.Of("attack", "--model", Path.Combine(_source, "none"), "--text", "a fine film");
        Assert.Contains("using recipe deepwordbug", run.Error);
        File.WriteAllText(Path.Combine(_folder, "neighbours.json"), """{"good":["fine"]}""");
        run = CliRun.Of("attack", "--model", Path.Combine(_source, "none"), "--text", "a fine film");
        Assert.Contains($"textfooler needs a tagger, not found in {_folder}; using recipe deepwordbug", run.Error);
        File.WriteAllText(Path.Combine(_folder, "tagger.json"), "{}");
        run = CliRun.Of("attack", "--model", Path.Combine(_source, "none"), "--text", "a fine film");
        Assert.DoesNotContain("using recipe", run.Error);
    }
}
