using System.Text.Json.Serialization;
using RobustTickets.Kernels.Masks;

namespace RobustTickets.Tickets;

/// <summary>How the penalty on open gates is averaged.</summary>
public enum PenaltyAverage
{
    /// <summary>
    /// Released code: the mean over matrices of each matrix's mean, so that gates of small matrices
    /// weigh more.
    /// </summary>
    PerMatrix,

    /// <summary>Paper (RobusT eq. 4): the mean over all gates.</summary>
    PerWeight,
}

/// <summary>Clock of lambda's ramp.</summary>
public enum RampClock
{
    /// <summary>Steps, so that the ramp covers the configured fractions of the search.</summary>
    Intended,

    /// <summary>
    /// Released code: its clock advances by the number of tensors in a batch (3) per step while the
    /// end counts steps, so the ramp is three times too early.
    /// </summary>
    [JsonStringEnumMemberName("released")]
    AuthorsCode,
}

/// <summary>
/// Hard-concrete masks and the penalty on their open gates (RobusT 3.2).
/// </summary>
/// <param name="Penalty">lambda, weight of the penalty R after the ramp.</param>
/// <param name="InitialGate">Initial deterministic gate, in (0, 1); 0.9 gives scores of ln
/// 5.</param>
/// <param name="OutPerMask">Output rows that share a score; 1 = none, 0 = all of a matrix.</param>
/// <param name="InPerMask">Input columns that share a score; 1 = none, 0 = all of a matrix.</param>
/// <param name="Layout">Which rows and columns share a score.</param>
/// <param name="Average">How R is averaged.</param>
/// <param name="Ramp">Clock of the ramp.</param>
/// <param name="RampStart">Fraction of the search before the ramp.</param>
/// <param name="RampLength">Length of the ramp as a fraction of the search.</param>
/// <param name="RampFrom">Factor of lambda before the ramp.</param>
/// <param name="RampTo">Factor of lambda after the ramp.</param>
public sealed record HardConcreteOptions(
    double Penalty,
    double InitialGate = 0.9,
    int OutPerMask = 1,
    int InPerMask = 1,
    MaskLayout Layout = MaskLayout.Strided,
    PenaltyAverage Average = PenaltyAverage.PerMatrix,
    RampClock Ramp = RampClock.Intended,
    double RampStart = 0.1,
    double RampLength = 0.3,
    double RampFrom = 0.0,
    double RampTo = 1.0
)
{
    /// <summary>
    /// Number of tensors in a batch (ids, attention mask, token types), which the released code
    /// counts instead of batches.
    /// </summary>
    private const int TensorsPerBatch = 3;

    /// <summary>
    /// lambda(t) of the <paramref name="step"/>-th step (from 1) of <paramref name="total"/>.
    /// </summary>
    public double PenaltyAt(long step, double total)
    {
        var past = ((Ramp == RampClock.AuthorsCode ? TensorsPerBatch : 1) * step) - (RampStart * total);
        var length = RampLength * total;
        var share =
            length > 0 ? Math.Clamp(past / length, 0, 1)
            : past > 0 ? 1
            : 0;
        return (RampFrom + ((RampTo - RampFrom) * share)) * Penalty;
    }
}
