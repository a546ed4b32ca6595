namespace RobustTickets;

/// <summary>Files of figures for other programs, beside the log that they are made from.</summary>
[Flags]
public enum MetricFiles
{
    /// <summary>None: <c>events.jsonl</c> alone.</summary>
    None = 0,

    /// <summary><c>metrics.csv</c>: one row an event.</summary>
    Csv = 1,

    /// <summary>An event file of TensorBoard.</summary>
    TensorBoard = 2,

    /// <summary>Both.</summary>
    All = Csv | TensorBoard,
}
