using RobustTickets.Attacks;
using RobustTickets.Attacks.Metrics;

namespace RobustTickets.Testing;

public static class FailedOutcome
{
    /// <summary>
    /// The outcome of an example with text "x" and class 1 that could not be attacked.
    /// </summary>
    public static AttackOutcome Of(
        string id,
        AttackErrorKind kind = AttackErrorKind.ModelThrew,
        string message = "the victim threw",
        int queries = 1,
        int forwards = 1
    ) =>
        new(
            id,
            1,
            AttackResult.Error,
            queries,
            forwards,
            [new("text", "x")],
            [new("text", "x")],
            -1,
            -1,
            0,
            0,
            0,
            0,
            [],
            [],
            null,
            [],
            new AttackError(kind, message)
        );
}
