namespace RobustTickets.Attacks.Tests.Data;

internal static class Expected
{
    /// <summary>An example under the column names of a task.</summary>
    public static Example Of(string task, string id, string first, string? second, int label) =>
        new(id, RobustTickets.Attacks.Data.TaskCatalog.Find(task).Columns(new TextPair(first, second)), label);
}
