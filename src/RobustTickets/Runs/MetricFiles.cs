namespace RobustTickets;

/// <summary>Metric files for other programs, generated from the log.</summary>
[Flags]
public enum MetricFiles
{
    /// <summary>None: only <c>events.jsonl</c>.</summary>
    None = 0,

    /// <summary><c>metrics.csv</c>: one row per event.</summary>
    Csv = 1,

    /// <summary>A TensorBoard event file.</summary>
    TensorBoard = 2,

    /// <summary>Both.</summary>
    All = Csv | TensorBoard,
}
