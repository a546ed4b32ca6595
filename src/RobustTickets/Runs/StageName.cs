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

    /// <summary>The only stage of a pre-training.</summary>
    public const string Pretrain = "pretrain";
}

/// <summary>States of <see cref="StageEntry"/>.</summary>
internal static class StageState
{
    /// <summary>The stage began.</summary>
    public const string Begin = "begin";

    /// <summary>The stage ended.</summary>
    public const string End = "end";
}
