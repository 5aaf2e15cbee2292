using System.Net.Http.Headers;
using System.Text;
using EdgeInfer.Configuration;

namespace EdgeInfer.Fetching.Updates;

/// <summary>What the configuration gives to be let in: a user with a password, or a token alone.</summary>
/// <param name="User">Null for a token.</param>
/// <param name="Secret">The password or the token.</param>
internal sealed record RepositoryCredential(string? User, Secret Secret)
{
    /// <summary>As a request header has it: Basic, or Bearer for a token.</summary>
    public AuthenticationHeaderValue ToHeader() => User is null
        ? new("Bearer", Secret.Reveal())
        : new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{User}:{Secret.Reveal()}")));

    /// <inheritdoc/>
    public override string ToString() => "***";
}

/// <summary>The user of <c>updates.registry</c>; no other file is looked into.</summary>
internal sealed class ConfiguredLogin(RepositoryCredential? credential) : IRegistryLogins
{
    /// <inheritdoc/>
    public Login? Find(string registry) => credential is null ? null : new(credential.ToHeader());

    /// <inheritdoc/>
    public string Cure(string registry) => credential is null
        ? $"set user and password of {registry} in the configuration's updates; it is tried again by itself"
        : $"check user and password of {registry} in the configuration's updates, and that they may read this; it is tried again by itself";
}
