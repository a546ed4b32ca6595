// State shared by the requests of a playground.
using RobustTickets.Attacks;
using RobustTickets.Cli.Playground.Attacks;
using RobustTickets.Cli.Playground.Runs;

namespace RobustTickets.Cli.Playground;

/// <summary>The state of one playground.</summary>
internal sealed class PlaygroundState : IDisposable
{
    private readonly CancellationTokenSource _stop;
    private readonly RunsBoard? _board;

    /// <param name="models">The models; disposed with the playground.</param>
    /// <param name="runs">Folder of runs and experiments; null: none.</param>
    /// <param name="resources">Resource files of attacks.</param>
    /// <param name="limits">Limits for clients.</param>
    /// <param name="stop">Stops the playground.</param>
    public PlaygroundState(
        IReadOnlyList<PlaygroundModel> models,
        string? runs,
        ResourceFiles resources,
        PlaygroundLimits limits,
        CancellationToken stop
    )
    {
        (Models, Runs, Limits) = (models, runs, limits);
        _stop = CancellationTokenSource.CreateLinkedTokenSource(stop);
        Worker = new ModelWorker(limits.WaitingTexts);
        Attacks = new AttackCatalog(resources, limits.AttackTime);
        Slots = new Slots(limits.Attacks, "attacks");
        _board = runs is null ? null : new RunsBoard(runs);
    }

    /// <summary>The models in the order given.</summary>
    public IReadOnlyList<PlaygroundModel> Models { get; }

    /// <summary>Folder of runs and experiments, or null.</summary>
    public string? Runs { get; }

    /// <summary>The runs below the folder.</summary>
    /// <exception cref="RefusedException">No folder was given.</exception>
    public RunsBoard Board => _board ?? throw RefusedException.NotFound("no folder of runs was given (--runs)");

    /// <summary>Limits for clients.</summary>
    public PlaygroundLimits Limits { get; }

    /// <summary>Runs the models.</summary>
    public ModelWorker Worker { get; }

    /// <summary>Builds attacks.</summary>
    public AttackCatalog Attacks { get; }

    /// <summary>Slots for concurrent attacks.</summary>
    public Slots Slots { get; }

    /// <summary>Server statistics.</summary>
    public PlaygroundCounters Counters { get; } = new();

    /// <summary>Cancelled when the playground stops, which ends streams.</summary>
    public CancellationToken Stop => _stop.Token;

    /// <summary>The model with an id.</summary>
    /// <exception cref="RefusedException">There is no such model.</exception>
    public PlaygroundModel Model(string? id) =>
        Models.FirstOrDefault(m => m.Id == id)
        ?? throw RefusedException.NotFound(
            Models.Count == 0
                ? "no model is loaded"
                : $"no such model; possible: {string.Join(", ", Models.Select(m => m.Id))}"
        );

    /// <summary>Cancels running requests.</summary>
    public void End() => _stop.Cancel();

    /// <inheritdoc/>
    public void Dispose()
    {
        End();
        Worker.Dispose();
        Attacks.Dispose();
        foreach (var model in Models)
            model.Dispose();
        _stop.Dispose();
    }
}
