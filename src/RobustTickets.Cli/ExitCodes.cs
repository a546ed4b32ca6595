// Maps outcomes to exit codes.
using RobustTickets.Attacks;
using RobustTickets.Checkpoints;
using RobustTickets.Export;
using RobustTickets.Models;
using RobustTickets.Runs;
using RobustTickets.Searches;
using RobustTickets.Torch.Native;

namespace RobustTickets.Cli;

/// <summary>The command line parses but is invalid. Exit code 2.</summary>
public sealed class UsageException(string message) : Exception(message);

/// <summary>The program's exit codes.</summary>
public static class ExitCodes
{
    private const int DiskFull = unchecked((int)0x80070070),
        HandleDiskFull = unchecked((int)0x80070027);

    public const int Ok = 0;

    public const int Failure = 1;

    public const int Usage = 2;

    public const int Data = 3;

    public const int Numeric = 4;

    public const int ExportVerification = 5;

    public const int Interrupted = 130;

    public const int Terminated = 143;

    /// <summary>The exit code for an exception.</summary>
    public static int Of(Exception e, int stopCode) =>
        e switch
        {
            RecipeException { Unreadable: true } or RunFolderException { OfInput: true } => Data,
            UsageException
            or RequestException
            or RecipeException
            or RunFolderException
            or OutputException
            or FolderInUseException
            or CheckpointException { OfOutput: true } => Usage,
            _ when IsFull(e) => Usage,
            // Write errors have one of the types above: the rest are read errors.
            DataException
            or CheckpointException
            or TorchUnavailableException
            or IOException
            or UnauthorizedAccessException => Data,
            NumericFailureException or NothingLearnedException or AttackFailedException { IsNumeric: true } => Numeric,
            ExportVerificationException => ExportVerification,
            OperationCanceledException => stopCode,
            _ => Failure,
        };

    // EFBIG, ENOSPC and EDQUOT; ERROR_DISK_FULL and ERROR_HANDLE_DISK_FULL.
    private static bool IsFull(Exception? e) =>
        e is not null
        && ((e is IOException { HResult: 27 or 28 or 122 or DiskFull or HandleDiskFull }) || IsFull(e.InnerException));
}
