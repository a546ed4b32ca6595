// Location of a user's files: an environment variable, otherwise below XDG_DATA_HOME, otherwise
// below the system's folder for data of programs.
namespace RobustTickets.Attacks.Resources;

/// <summary>Folders of the current user.</summary>
internal static class UserFolder
{
    /// <summary>
    /// The folder in the environment variable, otherwise the named one in the user's data folder:
    /// <c>XDG_DATA_HOME</c> on every system, if it is an absolute path; otherwise
    /// <c>~/.local/share</c> (Linux), <c>~/Library/Application Support</c> (macOS) or
    /// <c>%LOCALAPPDATA%</c> (Windows).
    /// </summary>
    /// <param name="variable">Environment variable.</param>
    /// <param name="name">Name of the folder.</param>
    public static string Of(string variable, string name) =>
        Of(
            variable,
            name,
            Environment.GetEnvironmentVariable,
            Environment.GetFolderPath(
                Environment.SpecialFolder.LocalApplicationData,
                Environment.SpecialFolderOption.DoNotVerify
            )
        );

    /// <summary>The same in a given environment.</summary>
    /// <param name="variable">Environment variable.</param>
    /// <param name="name">Name of the folder.</param>
    /// <param name="environment">The value of a variable; null: not set.</param>
    /// <param name="local">The system's folder for data of programs.</param>
    internal static string Of(string variable, string name, Func<string, string?> environment, string local)
    {
        if (environment(variable) is { Length: > 0 } named)
            return Path.GetFullPath(named);
        // The XDG specification: a relative path is ignored.
        var data = environment("XDG_DATA_HOME") is { } xdg && Path.IsPathFullyQualified(xdg) ? xdg : local;
        return Path.Combine(data, "robust-tickets", name);
    }
}
