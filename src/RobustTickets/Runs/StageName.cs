namespace RobustTickets.Runs;

/// <summary>Names of the stages of a run, in logs, checkpoints and results.</summary>
internal static class StageName
{
    /// <summary>The search of a ticket.</summary>
    public const string Search = "search";

    /// <summary>The training that the run is for.</summary>
    public const string Retrain = "retrain";

    /// <summary>The dense network under the same training.</summary>
    public const string Control = "control";

    /// <summary>The training before masks are learned.</summary>
    public const string FineTune = "fine-tune";
}
