#!/bin/sh
# Register the application in Entra by the Azure CLI, and make one client secret for it.
# For HLF's IT department (docs/operations/hlf-it.md). Run `az login` first, as one who may register applications.
#
#   sh dataverse/register_application.sh               registers only, and prints the application's id
#   sh dataverse/register_application.sh DATE FILE     also makes a secret that ends on DATE (2027-11-01), into FILE
#
# It may be run again: the application is made once, and each secret stands beside the earlier ones (--append), so that
# nothing that works today stops. The secret is written to FILE, which only you can read, and is never shown.
# https://learn.microsoft.com/cli/azure/ad/app
set -eu
umask 077
name='HLF sertifisering - nettsiden'

# --display-name would find every name that begins so.
application=$(az ad app list --filter "displayName eq '$name'" --query '[].appId' --output tsv)
case $application in *[[:space:]]*) echo "flere applikasjoner heter $name: slett de andre først" >&2; exit 1;; esac
if [ -z "$application" ]; then
    application=$(az ad app create --display-name "$name" --sign-in-audience AzureADMyOrg --query appId --output tsv)
fi
if ! az ad sp show --id "$application" --output none 2>/dev/null; then
    az ad sp create --id "$application" --output none
fi
echo "$application"

if [ $# -eq 2 ]; then
    set -C # a file that is there is not overwritten
    az ad app credential reset --id "$application" --append --display-name "nettsiden til $1" --end-date "$1" \
        --query "{tenant_id: tenant, client_id: appId, client_secret: password, client_secret_expires_on: '$1'}" \
        --output json > "$2"
fi
