namespace RobustTickets.Runs;

/// <summary>Names of the stages of a run, in logs, checkpoints and results.</summary>
internal static class StageName
{
    /// <summary>The search for a ticket.</summary>
    public const string Search = "search";

    /// <summary>The final training of the run.</summary>
    public const string Retrain = "retrain";

    /// <summary>Training of the dense network with the same settings.</summary>
    public const string Control = "control";

    /// <summary>The fine-tuning before masks are learned.</summary>
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
