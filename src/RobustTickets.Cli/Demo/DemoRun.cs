// The whole pipeline: generate data, pre-train a small model, train baselines and tickets, attack
// all, report. Each step writes files and is skipped if they exist, so a cancelled demo can be
// resumed.
using RobustTickets.Attacks;
using RobustTickets.Attacks.Data;
using RobustTickets.Attacks.Metrics;
using RobustTickets.Attacks.Resources;
using RobustTickets.Attacks.Tokens;
using RobustTickets.Cli.Attacks;
using RobustTickets.Cli.Commands;
using RobustTickets.Cli.Demo.Corpus;
using RobustTickets.Cli.Terminal;
using RobustTickets.Evaluation;
using RobustTickets.Pipeline;
using RobustTickets.Pretraining;
using RobustTickets.Reports;
using RobustTickets.Runs;
using static RobustTickets.Attacks.Invariant;

namespace RobustTickets.Cli.Demo;

/// <summary>One demo in one folder.</summary>
internal sealed class DemoRun(CliContext context, DemoPlan plan, DemoFolder folder, int? threads = null)
{
    private const int CalibrationTexts = 200;

    private const string Finished = "finished work is kept";

    private static readonly string[] Attacks = ["textfooler", "deepwordbug"];

    // A real encoder is a dozen times the size of the demo's.
    private readonly Execution _execution = plan.Model is null
        ? new Execution(Threads: threads)
        : Execution.Fastest(threads: threads);

    private string Model => plan.Model ?? folder.Pretrained;

    /// <summary>Runs the remaining steps and returns all runs for the report.</summary>
    public IReadOnlyList<RunRecord> Run()
    {
        if (plan.Model is { } model)
            RequireModel(model);
        // The thread count is per process; pre-training and attacks do not set it themselves.
        _execution.Apply();
        folder.Open(plan);
        MakeData();
        if (plan.Model is null)
            Pretrain();
        Recipe[] recipes = [.. plan.Recipes];
        foreach (var recipe in recipes)
            Train(recipe);
        Attack(recipes);
        var runs = RunRecord.LoadAll([.. recipes.Select(folder.Run)]);
        HtmlReport.Write(runs, folder.ReportFile, "Robustness report: the demo");
        return runs;
    }

    private static void RequireModel(string model)
    {
        using var models = new AttackModels();
        models.Describe(ModelStore.OfUser().Resolve(model), AttackModelKind.SentenceEncoder);
    }

    private void MakeData()
    {
        if (folder.HasData)
            return;
        Say($"making {plan.Data.Train:N0} labelled reviews and {plan.Data.Pretraining:N0} unlabelled ones");
        DemoCorpus.Create(plan.Seed, plan.Data).Write(folder.Data);
        DemoVectors.Write(folder.VectorsFile, plan.Seed);
    }

    private void Pretrain()
    {
        if (folder.HasPretrained)
            return;
        var vocabulary = new Vocabulary(DemoVocabulary.Tokens);
        var config = plan.Config(vocabulary.Count);
        Say($"pre-training {plan.Layers} layers of width {plan.Hidden} on the unlabelled reviews");
        var printer = new ProgressPrinter(context.Error, context.Terminal);
        var progress = new SyncProgress<PretrainProgress>(p =>
            printer.Report(
                new ProgressState(
                    "pretrain",
                    (long)(1000 * p.Share),
                    1000,
                    Text($"step {p.Step:N0}  loss {p.Loss:0.000}  {p.TokensPerSecond:N0} tokens/s"),
                    p.Remaining
                )
            )
        );
        using var kept = context.Stop.Keeping(Finished);
        try
        {
            folder.RemoveDraft();
            var request = new PretrainRequest(
                [folder.PretrainingFile],
                config,
                new WordPieceTokenizer(vocabulary, new TokenizerOptions(ModelMaxLength: config.MaxPositionEmbeddings)),
                folder.PretrainedDraft,
                Epochs: plan.PretrainEpochs,
                BatchSize: 64,
                LearningRate: plan.PretrainRate,
                MaxLength: config.MaxPositionEmbeddings,
                Seed: plan.Seed
            )
            {
                // An interrupted draft is discarded.
                IsResumable = false,
            };
            request.Run(progress, context.Stop.Token);
        }
        finally
        {
            printer.Finish();
        }
        // A cancelled pre-training leaves a draft; only a completed one gets the final name.
        folder.AcceptPretrained();
    }

    private void Train(Recipe recipe)
    {
        var run = RunFolder.At(folder.Run(recipe));
        if (run.IsFinished)
            return;
        Say($"training {recipe.Name}, seed {recipe.Seed}");
        var view = new TrainProgressView(context);
        using var kept = context.Stop.Keeping(StopSignal.Checkpoint);
        try
        {
            RecipeRunner.Run(
                new TrainRequest(
                    recipe,
                    Model,
                    folder.Data,
                    run.Path,
                    Resume: run.HoldsRun,
                    Execution: _execution,
                    Resources: new ResourceFiles(Vectors: folder.VectorsFile, Folder: new ResourceFolder(folder.Path))
                ),
                view,
                context.Stop.Token
            );
        }
        finally
        {
            view.Finish();
        }
    }

    private void Attack(IReadOnlyList<Recipe> recipes)
    {
        if (recipes.All(r => Attacks.All(a => Attacked(r, a))))
            return;
        using var models = new AttackModels(Model);
        var threshold = DemoSimilarity.Calibrate(
            models.LoadEncoder(Model),
            [
                .. DataSet
                    .Load(folder.Data, DemoPlan.Task, "train")
                    .Examples.Take(CalibrationTexts)
                    .Select(e => e.Text.First),
            ],
            plan.RefusedShare
        );
        var resources = new ResourceFiles(
            Vectors: folder.VectorsFile,
            Encoder: Model,
            Folder: new ResourceFolder(folder.Path)
        );
        var textFooler = AttackRecipe.TextFooler(resources, DemoPlan.AttackOptions(threshold)).Build(models);
        var typos = AttackRecipe.DeepWordBug(new ResourceFiles(Folder: new ResourceFolder(folder.Path)));
        var deepWordBug = DeepWordBugRecipe.Build(typos.Resources.Load(typos, models), typos.Options, plan.MaxEdits);
        RecipeLine calibrated = new(
            "similarity threshold",
            Text(
                $"refuses {100 * plan.RefusedShare:0} % of the single substitutions in ",
                $"{CalibrationTexts} training reviews"
            ),
            "calibrated for the demo's encoder"
        );
        (string Name, Attack Attack, IReadOnlyList<RecipeLine> Details)[] attacks =
        [
            ("textfooler", textFooler, [calibrated]),
            ("deepwordbug", deepWordBug, []),
        ];
        foreach (var recipe in recipes)
        {
            var open = attacks.Where(a => !Attacked(recipe, a.Name)).ToArray();
            if (open.Length == 0)
                continue;
            using var classifier = Classifier.Load(Path.Combine(folder.Run(recipe), "model"), _execution);
            var test = EvaluationData.Load(folder.Data, DemoPlan.Task, new DataOptions(), "test", classifier.Labels);
            foreach (var (name, attack, details) in open)
                Attack(recipe, classifier, test, name, attack, details);
        }
    }

    private void Attack(
        Recipe recipe,
        Classifier classifier,
        Split test,
        string name,
        Attack attack,
        IReadOnlyList<RecipeLine> details
    )
    {
        var picked = test.Examples.Take(plan.AttackExamples).ToArray();
        Say($"attacking {recipe.Name}, seed {recipe.Seed}, with {name}, {picked.Length} reviews");
        var job = new AttackJob(
            attack,
            classifier,
            recipe.Name,
            picked,
            AttackFolder(recipe, name),
            [
                new(
                    "data",
                    $"demo, seed {plan.Seed}, split test, sha256 {test.Sha256}",
                    "made by the demo's generator"
                ),
                new(
                    "sample",
                    picked.Length == test.Examples.Count ? "all" : $"first {picked.Length}",
                    $"of {test.Examples.Count}"
                ),
                .. details,
            ]
        );
        AttackProgressView.Run(context, view => job.Run(view, context.Stop.Token)).ThrowIfErrors();
    }

    private bool Attacked(Recipe recipe, string attack) => FinishedAttack.IsWithoutErrors(AttackFolder(recipe, attack));

    private string AttackFolder(Recipe recipe, string attack) => RunFolder.At(folder.Run(recipe)).AttackFolder(attack);

    private void Say(params FormattableString[] text) => context.Error.WriteLine(Text(text));
}
