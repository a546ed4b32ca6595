namespace RobustTickets.Tests.GoldenValues;

/// <summary>The ways a model can run, by the names that tests show.</summary>
internal static class Executions
{
    public const string Packed = "packed";
    public const string PackedAllRows = "packed, every row, dense gradients";
    public const string Padded = "padded";

    public static Execution Of(string name) =>
        name switch
        {
            Packed => new Execution(),
            PackedAllRows => new Execution { EveryRow = true, DenseWordGradient = true },
            Padded => Execution.Reference,
            _ => throw new ArgumentException($"no execution is called '{name}'"),
        };
}
