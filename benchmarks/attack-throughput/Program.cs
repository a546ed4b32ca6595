// Queries a second of one attack on one victim: padded to the model's maximum as TextAttack asks
// (a), to the longest of a batch (b), the same by our own network path (b'), by the engine (c).
// Ways whose outcomes disagree on the first examples are not timed.
using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using RobustTickets;
using RobustTickets.Attacks;
using RobustTickets.Attacks.Data;
using RobustTickets.Attacks.Engine;
using RobustTickets.Attacks.Resources;
using RobustTickets.Benchmarks.AttackThroughput;
using RobustTickets.Evaluation;
using RobustTickets.Torch;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
var model = new Option<string>("--model")
{
    Description = "victim: a fine-tuned Hugging Face BERT folder",
    Required = true,
};
var data = new Option<string>("--data") { Description = "folder or file of the task", Required = true };
var task = new Option<string>("--task") { DefaultValueFactory = _ => "sst2" };
var recipe = new Option<string>("--recipe") { DefaultValueFactory = _ => "textfooler" };
recipe.AcceptOnlyFromAmong("textfooler", "bert-attack-released");
var neighbours = new Option<string?>("--neighbours") { Description = "table of substitutes" };
var vectors = new Option<string?>("--vectors") { Description = "word vectors, in place of or beside the table" };
var stopWords = new Option<string?>("--stop-words");
var tagger = new Option<string?>("--tagger") { Description = "part-of-speech weights" };
var encoder = new Option<string?>("--encoder") { Description = "BERT folder for sentence similarity; none without it" };
var compare = new Option<int>("--compare")
{
    Description = "examples whose outcomes are compared first",
    DefaultValueFactory = _ => 6,
};
var examples = new Option<int[]>("--examples")
{
    Description = "examples timed for a, b, b' and c (as many for c')",
    Arity = new ArgumentArity(4, 4),
    AllowMultipleArgumentsPerToken = true,
    DefaultValueFactory = _ => [8, 40, 60, 400],
};
var concurrency = new Option<int>("--concurrency") { DefaultValueFactory = _ => 64 };
var threads = new Option<int?>("--threads") { Description = "threads of matrix products" };
var clock = new Option<string>("--clock")
{
    Description =
        "wall time, or processor time of the whole process (needs --threads 1) for a machine that is busy with "
        + "other things",
    DefaultValueFactory = _ => "wall",
};
clock.AcceptOnlyFromAmong("wall", "cpu");
var root = new RootCommand("Queries a second of one attack, run in four ways.")
{
    model,
    data,
    task,
    recipe,
    neighbours,
    vectors,
    stopWords,
    tagger,
    encoder,
    compare,
    examples,
    concurrency,
    threads,
    clock,
};
root.SetAction(Run);
return root.Parse(args).Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = true });

int Run(ParseResult parsed)
{
    var cpu = parsed.GetValue(clock) == "cpu";
    if (cpu && parsed.GetValue(threads) != 1)
    {
        Console.Error.WriteLine(
            "--clock cpu: threads that wait for each other spend processor time too; add --threads 1"
        );
        return 2;
    }
    if (parsed.GetValue(threads) is { } count)
        torch.set_num_threads(count);
    using var models = new AttackModels();
    // What is not named is left out, whatever lies in the user's resource folder.
    var resources = new ResourceFiles(
        parsed.GetValue(vectors),
        parsed.GetValue(neighbours),
        parsed.GetValue(stopWords),
        parsed.GetValue(tagger),
        Encoder: parsed.GetValue(encoder),
        Folder: new ResourceFolder(Path.Combine(Path.GetTempPath(), "no resources here"))
    );
    var options = new AttackOptions(
        Similarity: parsed.GetValue(encoder) is not null,
        PartOfSpeech: parsed.GetValue(tagger) is not null
    );
    var attack = (
        parsed.GetValue(recipe) == "textfooler"
            ? AttackRecipe.TextFooler(resources, options)
            : AttackRecipe.BertAttackAuthorsCode(resources, options)
    ).Build(models);
    var split = DataSet.Load(
        parsed.GetRequiredValue(data),
        parsed.GetValue(task)!,
        TaskCatalog.Find(parsed.GetValue(task)!).EvaluationSplit,
        new DataOptions()
    );
    // One shuffled order for all ways: those with fewer examples have the first of those with more.
    var inputs = Splits.Order(split.Examples.Count, 42).Select(i => split.Examples[i]).ToList();
    int longest;
    using (var classifier = Classifier.Load(parsed.GetRequiredValue(model)))
    {
        longest = classifier.MaxLength;
        // An example that the victim gets wrong costs one query in every way; those are left out.
        var most = inputs.Take(3 * (parsed.GetValue(examples)!.Max() + 8)).ToList();
        var rows = classifier.Probabilities([.. most.Select(e => e.Text)]);
        inputs = [.. most.Where((input, i) => rows[i].ArgMax() == input.Label)];
    }
    var ways = Way.All(longest, parsed.GetValue(concurrency));
    var compared = options.Similarity
        ? $", similarity by {Path.GetFileName(parsed.GetValue(encoder))}"
        : " without sentence similarity";
    Console.WriteLine(
        $"{attack.Name}{compared} on {parsed.GetValue(model)}, {parsed.GetValue(task)} {split.Name}; "
            + $"{torch.get_num_threads()} threads, {(cpu ? "processor time" : "wall time")}"
    );

    if (!Agree(ways, attack, inputs.Take(parsed.GetValue(compare)).ToList(), parsed.GetRequiredValue(model)))
        return 1;
    var counts = parsed.GetValue(examples)!;
    // Queries as TextAttack counts them: the rate at which an attack gets done.
    var rates = new double[ways.Count];
    Console.WriteLine($"{"way", -52} {"examples", 8} {"queries", 9} {"unique", 9} {"seconds", 8} {"queries/s", 10}");
    for (var w = 0; w < ways.Count; w++)
    {
        var (way, few) = (ways[w], inputs.Take(counts[Math.Min(w, 3)]).ToList());
        if (few.Count == 0)
            continue;
        using var classifier = Classifier.Load(parsed.GetRequiredValue(model), way.Execution);
        var victim = new MeteredVictim(classifier);
        // Warm: code compiled, memory touched, neighbours found.
        Attacked(way, attack, victim, [.. inputs.TakeLast(2)], out _);
        var cold = (victim.Tokenizing, victim.Network, victim.Tokens);
        var (watch, used) = (Stopwatch.StartNew(), Environment.CpuUsage.TotalTime);
        Attacked(way, attack, victim, few, out var s);
        var time = cpu ? Environment.CpuUsage.TotalTime - used : watch.Elapsed;
        rates[w] = s.Queries / time.TotalSeconds;
        Console.WriteLine(
            $"{way.Name, -52} {few.Count, 8:N0} {s.Queries, 9:N0} {s.VictimRows, 9:N0} {time.TotalSeconds, 8:0.0} "
                + $"{rates[w], 10:N1}"
        );
        Profile(
            watch.Elapsed,
            s,
            victim.Tokenizing - cold.Tokenizing,
            victim.Network - cold.Network,
            (double)(victim.Tokens - cold.Tokens) / Math.Max(1, s.VictimRows)
        );
    }
    for (var c = 3; c < ways.Count; c++)
    {
        for (var w = 0; w < c; w++)
            if (rates[w] > 0)
                Console.WriteLine($"{ways[c].Name[..2].Trim()} is {rates[c] / rates[w]:0.0} x {ways[w].Name}");
    }
    return 0;
}

static List<AttackOutcome> Attacked(
    Way way,
    Attack attack,
    IVictim victim,
    List<Example> inputs,
    out AttackStatistics statistics
)
{
    var engine = new AttackEngine(way.Of(attack), victim, way.Engine);
    var outcomes = engine.RunAsync(inputs).ToBlockingEnumerable().ToList();
    statistics = engine.Statistics;
    return outcomes;
}

// Results, queries and texts must be equal, scores up to the rounding of different kernels.
static bool Agree(IReadOnlyList<Way> ways, Attack attack, List<Example> inputs, string folder)
{
    List<AttackOutcome>? reference = null;
    var plainest = ways[0];
    foreach (var way in ways)
    {
        if (way.Reference(ways[0]) != plainest)
            (plainest, reference) = (way.Reference(ways[0]), null);
        reference ??= Found(plainest);
        var found = way == plainest ? reference : Found(way);
        foreach (var (a, b) in reference.Zip(found))
        {
            if (
                a.Result == b.Result
                && a.Queries == b.Queries
                && a.Perturbed.SequenceEqual(b.Perturbed)
                && Math.Abs(a.PerturbedScore - b.PerturbedScore) < 1e-4
            )
                continue;
            Console.Error.WriteLine(
                $"{way.Name}: example {a.Id} is {b.Result} after {b.Queries} queries, score {b.PerturbedScore:R} "
                    + $"({b.Perturbed[0].Value}); in way {plainest.Name}: {a.Result} after {a.Queries}, score "
                    + $"{a.PerturbedScore:R} ({a.Perturbed[0].Value})"
            );
            return false;
        }
    }
    Console.WriteLine(
        $"outcomes compared: {inputs.Count} examples, the same in all {ways.Count} ways, bf16 with itself "
            + $"({string.Join(", ", reference!.GroupBy(o => o.Result).Select(g => $"{g.Count()} {g.Key}"))})"
    );
    return true;

    List<AttackOutcome> Found(Way way)
    {
        using var classifier = Classifier.Load(folder, way.Execution);
        return Attacked(way, attack, new MeteredVictim(classifier), inputs, out _);
    }
}

static void Profile(TimeSpan time, AttackStatistics s, TimeSpan tokenizing, TimeSpan network, double tokens)
{
    var other = time - s.VictimTime - s.EncoderTime - s.StepTime - s.PrepareTime;
    string Share(TimeSpan part) => $"{100 * part / time:0.0} %";
    Console.WriteLine(
        $"   network {Share(network)}, tokenizing {Share(tokenizing)}, sentence encoder {Share(s.EncoderTime)}, "
            + $"word-level steps {Share(s.StepTime)}, neighbours {Share(s.PrepareTime)}, scheduling {Share(other)};"
            + $" {(double)s.VictimRows / Math.Max(1, s.VictimBatches):0.0} texts a batch, {tokens:0.0} word "
            + "pieces a text"
    );
}
