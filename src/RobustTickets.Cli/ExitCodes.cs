// The one place where outcomes become exit codes.
using RobustTickets.Attacks;
using RobustTickets.Checkpoints;
using RobustTickets.Export;
using RobustTickets.Models;
using RobustTickets.Runs;
using RobustTickets.Torch.Native;
using RobustTickets.Training;

namespace RobustTickets.Cli;

/// <summary>A command line that parses but asks for something impossible. Exit code 2.</summary>
public sealed class UsageException(string message) : Exception(message);

/// <summary>What the process's exit code means.</summary>
public static class ExitCodes
{
    public const int Ok = 0;

    public const int Failure = 1;

    public const int Usage = 2;

    public const int Data = 3;

    public const int Numeric = 4;

    public const int ExportVerification = 5;

    public const int Interrupted = 130;

    public const int Terminated = 143;

    /// <summary>The exit code of an exception that ended a command.</summary>
    public static int Of(Exception e, int stopCode) =>
        e switch
        {
            UsageException or RequestException or RecipeException or RunFolderException => Usage,
            DataException
            or CheckpointException
            or TorchUnavailableException
            or FileNotFoundException
            or DirectoryNotFoundException => Data,
            NumericFailureException or AttackFailedException { IsNumeric: true } => Numeric,
            ExportVerificationException => ExportVerification,
            OperationCanceledException => stopCode,
            _ => Failure,
        };
}
