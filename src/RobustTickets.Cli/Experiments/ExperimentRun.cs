// Runs the cells of an experiment: checks everything first, then cell by cell training and attacks,
// each going on where it was. A cell that fails is written down and the others go on. Several
// processes may work on one folder: each takes cells that nobody is at.
using System.CommandLine;
using RobustTickets.Attacks;
using RobustTickets.Attacks.Tokens;
using RobustTickets.Checkpoints;
using RobustTickets.Cli.Attacks;
using RobustTickets.Cli.Commands;
using RobustTickets.Cli.Terminal;
using RobustTickets.Experiments;
using RobustTickets.Models;
using RobustTickets.Pipeline;
using RobustTickets.Recipes;
using RobustTickets.Runs;

namespace RobustTickets.Cli.Experiments;

/// <summary>One invocation on one folder.</summary>
internal sealed class ExperimentRun(
    CliContext context,
    ExperimentPlan plan,
    ExperimentFolder folder,
    ExperimentInputs inputs,
    Execution execution,
    int checkpointEvery
) : IDisposable
{
    private readonly Dictionary<EpochAttackOptions, EpochAttackSource> _epochAttacks = [];
    private readonly RunDataCache _cache = new();
    private WordPieceTokenizer? _tokenizer;

    /// <summary>
    /// Looks at everything that cells need, before any compute: model, data and labels, attack
    /// options and their files.
    /// </summary>
    /// <exception cref="UsageException">An option of an attack or of data is
    /// impossible.</exception>
    /// <exception cref="DataException">Data or a resource is missing or does not fit.</exception>
    public void Check(IReadOnlyList<ExperimentCell> cells)
    {
        inputs.Require(plan, cells);
        using (var files = BertFiles.Open(inputs.Model))
        {
            if (
                files.Config.Ticket is not null
                && cells.FirstOrDefault(c => c.Recipe.Search is not null) is { } searched
            )
            {
                throw new CheckpointException(
                    $"{inputs.Model}: is a ticket already; {searched.Id} searches one and needs a dense checkpoint"
                );
            }
        }
        foreach (var cell in cells)
        {
            if (cell.TicketFrom is { } from && cells.All(c => c.Id != from) && !folder.IsTrained(plan.Cell(from)))
            {
                throw new UsageException(
                    $"--only: {cell.Id} takes its ticket from {from}, which is not finished; name that cell, too"
                );
            }
            var data = Data(cell);
            if (cell.Recipe.Evaluate.EpochAttack is { } attack)
                _ = EpochAttacks.Sample(attack, data);
        }
        foreach (var attack in cells.Select(c => c.Recipe.Evaluate.EpochAttack).OfType<EpochAttackOptions>().Distinct())
            EpochAttack(attack).Check();
        foreach (
            var group in cells.SelectMany(c => c.Attacks.Select(a => (Cell: c, Attack: a))).GroupBy(p => p.Attack.Name)
        )
            CheckAttack(group.First().Cell, group.First().Attack);
    }

    /// <summary>Releases what attacks after epochs have loaded.</summary>
    public void Dispose()
    {
        foreach (var source in _epochAttacks.Values)
            source.Dispose();
    }

    /// <summary>Notes about the data of the cells, each once.</summary>
    public IEnumerable<string> Notes(IReadOnlyList<ExperimentCell> cells) =>
        cells.SelectMany(c => Data(c).Notes).Distinct();

    /// <summary>Training and reported examples of a cell.</summary>
    public (int Train, int Evaluation) Examples(ExperimentCell cell)
    {
        var data = Data(cell);
        return (data.Train.Examples.Count, data.Evaluation.Examples.Count);
    }

    /// <summary>Runs what is still to be done and writes the tables after every cell.</summary>
    /// <returns>0, or the exit code of what failed.</returns>
    public int Run(IReadOnlyList<ExperimentCell> cells)
    {
        folder.Begin(plan);
        var failures = new List<int>();
        for (var i = 0; i < cells.Count; i++)
        {
            var cell = cells[i];
            if (folder.State(cell) == CellState.Done)
                continue;
            if (cell.TicketFrom is { } from && !folder.IsTrained(plan.Cell(from)))
            {
                Say($"{cell.Id}: takes its ticket from {from}, which is not finished; left for later");
                continue;
            }
            using var held = folder.TryLock(cell);
            if (held is null)
            {
                Say($"{cell.Id}: another process is at it, left to it");
                continue;
            }
            Say($"cell {i + 1} of {cells.Count}: {cell.Id}");
            try
            {
                Train(cell);
                foreach (var attack in cell.Attacks)
                    Attack(cell, attack);
                folder.SetFailure(cell, null);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                var code = ExitCodes.Of(e, context.Stop.ExitCode);
                failures.Add(code);
                folder.SetFailure(cell, e.Message, code);
                Say($"failed: {cell.Id}: {FieldOptions.Message(e)}");
            }
            finally
            {
                WriteResults();
            }
        }
        WriteResults();
        return failures.Count == 0 ? ExitCodes.Ok
            : failures.Distinct().Count() == 1 ? failures[0]
            : ExitCodes.Failure;
    }

    private void Train(ExperimentCell cell)
    {
        if (folder.IsTrained(cell))
            return;
        var request = Request(cell);
        var begun = RunFolder.Create(request.Output, allowExisting: true).HoldsRun;
        var attack = cell.Recipe.Evaluate.EpochAttack is { } options ? EpochAttack(options).Build() : null;
        TrainProgressView.Run(context, request with { Resume = begun, EpochAttack = attack });
        // What a finished run could be resumed from is of no use any more, and dozens of cells fill
        // a disk.
        var checkpoints = RunFolder.Open(request.Output).CheckpointsFolder;
        if (Directory.Exists(checkpoints))
            Directory.Delete(checkpoints, recursive: true);
    }

    private void Attack(ExperimentCell cell, ExperimentAttack attack)
    {
        if (folder.IsAttacked(cell, attack))
            return;
        var quiet = context with { Out = TextWriter.Null };
        CliApp.Invoke(CliApp.Parse(inputs.AttackArguments(cell, attack, folder, execution), quiet), quiet);
    }

    private void CheckAttack(ExperimentCell cell, ExperimentAttack attack)
    {
        var parsed = CliApp.Parse(inputs.AttackArguments(cell, attack, folder, execution), context);
        if (parsed.Errors.Count > 0)
            throw new UsageException(
                $"attack {attack.Name}: {string.Join("; ", parsed.Errors.Select(e => e.Message).Distinct())}"
            );
        var command = new Command("attack");
        var options = new AttackOptionSet(command);
        using var models = new AttackModels(inputs.Model);
        options.Read(command.Parse(inputs.RecipeArguments(attack)), 42).Check(models);
    }

    private void WriteResults()
    {
        var table = ExperimentTable.Of(plan, folder);
        AtomicFile.WriteAllText(folder.Results("csv"), table.ToCsv());
        AtomicFile.WriteAllText(folder.Results("md"), ExperimentTable.ToMarkdown(plan, folder, table));
        AtomicFile.WriteAllText(
            folder.Results("json"),
            ExperimentTable.ToJson(plan, folder, table).ToJsonString() + "\n"
        );
        ExperimentFigures.Write(plan, folder);
    }

    /// <summary>The encoded data of a cell; cells that see the same share them.</summary>
    private RunData Data(ExperimentCell cell) =>
        RunData.Load(Request(cell), _tokenizer ??= WordPieceTokenizer.Load(inputs.Model));

    private TrainRequest Request(ExperimentCell cell) =>
        inputs.Request(cell, folder.Run(cell), execution, checkpointEvery, _cache);

    /// <summary>
    /// The attack after each epoch that some recipes name; they share it with its resources.
    /// </summary>
    private EpochAttackSource EpochAttack(EpochAttackOptions options)
    {
        if (!_epochAttacks.TryGetValue(options, out var source))
            _epochAttacks[options] = source = inputs.EpochAttack(options);
        return source;
    }

    private void Say(string text) => context.Error.WriteLine(text);
}
